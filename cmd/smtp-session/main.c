/*
 * smtp-session - receive mail on standard input and output: one SMTP or LMTP connection, or, given
 * a listening socket, one process for each. See smtp-session(8).
 */
#include "smtp_session.h"

static const char usage[] =
	"usage: smtp-session [--config FILE] [--lmtp | --submission] [--tls]\n"
	"       smtp-session [--config FILE] --check\n"
	"       smtp-session --dump-verbs | --help | --version\n"
	"\n"
	"Receive mail by SMTP on standard input and output, or on a socket passed\n"
	"by systemd, inetd, xinetd or tcpserver.\n"
	"\n"
	"  --config FILE  read FILE instead of " CONF_FILE "\n"
	"  --lmtp         speak LMTP (RFC 2033)\n"
	"  --submission   take mail from users who log in (RFC 6409), for port 587\n"
	"  --tls          begin with TLS; with --submission for port 465 (RFC 8314)\n"
	"  --check        read configuration, certificates and keys, say what is wrong;\n"
	"                 as root it sees more than the sessions: run it as their user\n"
	"  --dump-verbs   list the verbs, when they are legal, and what they need\n"
	"  --help         show this\n"
	"  --version      show the version\n";

static const struct session_flag flags[] = {
	{"lmtp", SMTP_LMTP},
	{"submission", SMTP_SUBMISSION},
	{0},
};

static const struct session_service services[] = {
	{"smtp", 0, smtp_verbs},
	{"smtps", SESSION_TLS, smtp_verbs},
	{"submission", SMTP_SUBMISSION, submission_verbs},
	{"submissions", SMTP_SUBMISSION | SESSION_TLS, submission_verbs},
	{"lmtp", SMTP_LMTP, lmtp_verbs},
	{"lmtps", SMTP_LMTP | SESSION_TLS, lmtp_verbs},
	{0},
};

static const struct session_program program = {
	.name = "smtp-session",
	.protocol = "smtp",
	.usage = usage,
	.flags = flags,
	.services = services,
	.state_names = smtp_state_names,
	.not_set_up = "421 4.3.5 This server is not set up\r\n", /* RFC 5321 3.8 */
	.unavailable = "421 4.3.0 This server is not available now\r\n",
	.too_many = "421 4.7.0 Too many connections from your address\r\n",
	.run = smtp_session_run,
};

int main(int argc, char **argv)
{
	return session_main(&program, argc, argv);
}

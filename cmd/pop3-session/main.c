/*
 * pop3-session - a POP3 session on standard input and output, or one for each connection of a
 * listening socket. See pop3-session(8).
 */
#include "pop3_session.h"

static const char usage[] =
	"usage: pop3-session [--config FILE] [--tls]\n"
	"       pop3-session [--config FILE] --check\n"
	"       pop3-session --dump-verbs | --help | --version\n"
	"\n"
	"A POP3 session (RFC 1939) on standard input and output, or on a socket\n"
	"passed by systemd, inetd, xinetd or tcpserver.\n"
	"\n"
	"  --config FILE  read FILE instead of " CONF_FILE "\n"
	"  --tls          begin with TLS, for port 995\n"
	"  --check        read configuration, certificates and keys, say what is wrong;\n"
	"                 as root it sees more than the sessions: run it as their user\n"
	"  --dump-verbs   list the commands, when they are legal, and what they need\n"
	"  --help         show this\n"
	"  --version      show the version\n";

static const struct session_flag flags[] = {{0}};

static const struct session_service services[] = {
	{"pop3", 0, pop3_verbs},
	{"pop3s", SESSION_TLS, pop3_verbs},
	{0},
};

/* RFC 1939 section 3 has no other way to say at connect that there is no service. */
#define UNAVAILABLE "-ERR [SYS/TEMP] mail service not available now\r\n"

static const struct session_program program = {
	.name = "pop3-session",
	.protocol = "pop3",
	.usage = usage,
	.flags = flags,
	.services = services,
	.state_names = pop3_state_names,
	.not_set_up = UNAVAILABLE,
	.unavailable = UNAVAILABLE,
	.too_many = UNAVAILABLE,
	.run = pop3_session_run,
};

int main(int argc, char **argv)
{
	return session_main(&program, argc, argv);
}

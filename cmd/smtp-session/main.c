/*
 * smtp-session - receive mail on standard input and output: one SMTP or LMTP connection, or, given
 * a listening socket, one process for each. See smtp-session(8).
 */
#include "base/fd.h"
#include "base/log.h"
#include "conf/conf_fresh.h"
#include "io/serve.h"
#include "smtp_session.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
	"usage: smtp-session [--config FILE] [--lmtp | --submission] [--tls]\n"
	"Receive mail by SMTP on standard input and output, or on a socket passed\n"
	"by systemd, inetd, xinetd or tcpserver.\n"
	"\n"
	"  --config FILE  read FILE instead of /etc/pillarbox/pillarbox.conf\n"
	"  --lmtp         speak LMTP (RFC 2033)\n"
	"  --submission   take mail from users who log in (RFC 6409)\n"
	"  --tls          begin with TLS (RFC 8314)\n"
	"  --dump-verbs   list the verbs, and the states that they are legal in\n"
	"  --help         show this\n"
	"  --version      show the version\n";

struct program {
	struct conf_fresh fresh;
	bool lmtp;
	bool submission;
	bool tls;
	bool dump;
};

/* Returns -1 to go on, or an exit status. */
static int read_options(struct program *program, int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"lmtp", no_argument, NULL, 'l'}, {"submission", no_argument, NULL, 's'},
		{"tls", no_argument, NULL, 't'}, {"dump-verbs", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			program->fresh.path = optarg;
			break;
		case 'l':
			program->lmtp = true;
			break;
		case 's':
			program->submission = true;
			break;
		case 't':
			program->tls = true;
			break;
		case 'd':
			program->dump = true;
			break;
		case 'h':
			return fputs(usage, stdout) < 0 ? EX_IOERR : EX_OK;
		case 'v':
			return puts("smtp-session (Pillarbox) " PILLARBOX_VERSION) < 0 ? EX_IOERR
										       : EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc || (program->lmtp && program->submission)) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	return -1;
}

/* RFC 5321 3.8: whoever connects is told 421; why is in the log. */
static int refuse(void *context, int in, int out)
{
	static const char reply[] = "421 4.3.5 This server is not set up\r\n";

	(void)context;
	(void)in;
	return fd_write(out, reply, sizeof(reply) - 1) < 0 ? EX_IOERR : EX_CONFIG;
}

/* Is there a configuration to serve by? The log hears it if there is none. */
static bool is_set_up(struct program *program)
{
	bool news;
	bool good = conf_fresh_read(&program->fresh, &news);

	if (!good && news)
		log_event(LOG_ERR, "unavailable", LOG_STATUS, program->fresh.why.status, LOG_REASON,
			program->fresh.why.text, LOG_END);
	return good;
}

static int session(void *context, int in, int out)
{
	struct program *program = context;

	if (!is_set_up(program))
		return refuse(program, in, out);
	return smtp_session_run(&program->fresh.conf, program->fresh.path, program->lmtp, in, out);
}

/* What was asked for is not to be had. */
static int give_up(const char *reason)
{
	struct serve service = {.session = refuse, .idle_seconds = 1};

	log_event(LOG_ERR, "unavailable", LOG_STATUS, "4.3.5", LOG_REASON, reason, LOG_END);
	(void)serve(&service);
	return EX_UNAVAILABLE;
}

static void turned_away(void *context, const char *address)
{
	(void)context;
	log_event(LOG_NOTICE, "limit", LOG_REMOTE_ADDR, address, LOG_STATUS, "4.7.0", LOG_REASON,
		"too many connections at once", LOG_END);
}

static int serve_sessions(struct program *program)
{
	struct serve service = {.session = session,
		.context = program,
		.turned_away = turned_away,
		.refusal = "421 4.7.0 Too many connections from your address\r\n"};
	bool good = is_set_up(program);
	const struct conf_limits *limits = conf_fresh_limits(&program->fresh);
	int status;

	service.per_source = limits->per_source;
	service.connections = limits->connections;
	service.idle_seconds = limits->listen_idle;
	status = serve(&service);
	return good ? status : EX_CONFIG;
}

int main(int argc, char **argv)
{
	static struct program program;
	int status = read_options(&program, argc, argv);

	if (status >= 0)
		return status;
	if (program.dump)
		return verb_dump(program.lmtp ? lmtp_verbs : smtp_verbs, smtp_state_names,
			       STDOUT_FILENO) < 0
			       ? EX_IOERR
			       : EX_OK;
	log_open("smtp-session");
	if (program.tls || program.submission)
		return give_up("--tls and --submission need TLS, which this version lacks");
	return serve_sessions(&program);
}

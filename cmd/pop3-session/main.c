/*
 * pop3-session - a POP3 session on standard input and output, or one for each connection of a
 * listening socket.
 */
#include "pop3_session.h"

#include "base/log.h"
#include "conf/conf_fresh.h"
#include "io/serve.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
	"usage: pop3-session [--config FILE] [--tls]\n"
	"       pop3-session --dump-verbs | --help | --version\n"
	"\n"
	"A POP3 session (RFC 1939) on standard input and output, or on a socket\n"
	"passed by systemd, inetd, xinetd or tcpserver.\n"
	"\n"
	"  --config FILE  read FILE instead of " CONF_FILE "\n"
	"  --tls          begin with TLS, for port 995\n"
	"  --dump-verbs   list the commands: name, states, usage\n"
	"  --help         show this\n"
	"  --version      show the version\n";

enum flag { FLAG_CONFIG, FLAG_TLS, FLAG_DUMP_VERBS, FLAG_HELP, FLAG_VERSION };

static const struct option options[] = {
	{"config", required_argument, NULL, FLAG_CONFIG},
	{"tls", no_argument, NULL, FLAG_TLS},
	{"dump-verbs", no_argument, NULL, FLAG_DUMP_VERBS},
	{"help", no_argument, NULL, FLAG_HELP},
	{"version", no_argument, NULL, FLAG_VERSION},
	{0},
};

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) < 0 ? EX_IOERR : EX_OK;
}

/* A mistake in how the program was called. Also logged: under inetd nobody sees standard error. */
static int refuse(int status, const char *reason)
{
	log_event(LOG_ERR, "unavailable", LOG_REASON, reason, LOG_END);
	return status;
}

static void turned_away(void *context, const char *address)
{
	(void)context;
	log_event(LOG_NOTICE, "limit", LOG_REMOTE_ADDR, address, LOG_REASON,
		"too many connections at once", LOG_END);
}

/* Is there a configuration to serve by? The log hears it if there is none. */
static bool is_set_up(struct conf_fresh *fresh)
{
	bool news;
	bool good = conf_fresh_read(fresh, &news);

	if (!good && news)
		refuse(EX_CONFIG, fresh->why.text);
	return good;
}

static int session(void *context, int in, int out)
{
	struct conf_fresh *fresh = context;

	if (!is_set_up(fresh))
		return pop3_session_refuse(out);
	return pop3_session_run(&fresh->conf, fresh->path, in, out);
}

static int hold_sessions(const char *config_path)
{
	static struct conf_fresh fresh; /* 40 KB, and as long-lived as the process */
	struct serve how = {
		.session = session,
		.context = &fresh,
		.turned_away = turned_away,
		.refusal = POP3_UNAVAILABLE,
	};
	const struct conf_limits *limits;
	bool good;
	int status;

	fresh.path = config_path;
	good = is_set_up(&fresh);
	limits = conf_fresh_limits(&fresh);
	how.per_source = limits->per_source;
	how.connections = limits->connections;
	how.idle_seconds = limits->listen_idle;
	status = serve(&how);
	return good ? status : EX_CONFIG;
}

int main(int argc, char **argv)
{
	const char *config_path = NULL;
	int option;

	log_open("pop3-session");
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case FLAG_CONFIG:
			config_path = optarg;
			break;
		case FLAG_TLS:
			return refuse(EX_UNAVAILABLE, "--tls: this version has no TLS yet");
		case FLAG_DUMP_VERBS:
			return verb_dump(pop3_verbs, pop3_state_names, STDOUT_FILENO) < 0 ? EX_IOERR
											  : EX_OK;
		case FLAG_HELP:
			return print(usage);
		case FLAG_VERSION:
			return print("pop3-session (Pillarbox) " PILLARBOX_VERSION "\n");
		default:
			return refuse(
				EX_USAGE, "unknown option, or one without its value; see --help");
		}
	}
	if (optind < argc)
		return refuse(EX_USAGE, "there are no arguments but options; see --help");
	return hold_sessions(config_path);
}

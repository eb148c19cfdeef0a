/*
 * spool-agent - do for mail sessions what needs rights: look up, deliver, log in, open a mailbox.
 *
 * One connection as fd 0 (a session's own agent), or one process for each connection of a listening
 * socket. Trusts its configuration. All that it logs comes through log_it(); the libraries only
 * tell.
 */
#include "agent/agent_server.h"
#include "base/log.h"
#include "conf/conf_fresh.h"
#include "io/serve.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#define SERVICES 5 /* lines of systemd/services */

static const char usage[] =
	"usage: spool-agent [--pipe] [--config FILE]\n"
	"       spool-agent --help | --version\n"
	"\n"
	"Do what needs rights for smtp-session and pop3-session, which start it or\n"
	"connect to its socket. Nobody else needs to.\n"
	"\n"
	"  --pipe         the session serves a pipe of this user's\n"
	"  --config FILE  read FILE instead of " CONF_FILE "\n";

enum flag { FLAG_PIPE, FLAG_CONFIG, FLAG_HELP, FLAG_VERSION };

static const struct option options[] = {
	{"pipe", no_argument, NULL, FLAG_PIPE},
	{"config", required_argument, NULL, FLAG_CONFIG},
	{"help", no_argument, NULL, FLAG_HELP},
	{"version", no_argument, NULL, FLAG_VERSION},
	{0},
};

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) < 0 ? EX_IOERR : EX_OK;
}

/* Somebody at a terminal reads stderr; started by a session or systemd, the log is the place. */
static int refuse(int status, const char *reason)
{
	log_event(LOG_ERR, "unavailable", LOG_REASON, reason, LOG_END);
	return status;
}

static const char *number(char out[static 24], uint64_t value)
{
	if (value == 0)
		return NULL;
	snprintf(out, 24, "%llu", (unsigned long long)value);
	return out;
}

static void log_it(void *context, const struct agent_event *event)
{
	char size[24];
	char duration[24];

	(void)context;
	log_event(event->bad ? LOG_WARNING : LOG_INFO, event->name, LOG_SESSION_ID, event->session,
		LOG_REMOTE_ADDR, event->remote, LOG_USER, event->user, LOG_QUEUE_ID,
		event->queue_id, LOG_SENDER, event->sender, LOG_RECIPIENT, event->recipient,
		LOG_SIZE, number(size, event->size), LOG_STATUS, event->status, LOG_DURATION_US,
		number(duration, event->duration_us), LOG_REASON, event->reason, LOG_END);
}

struct running {
	struct conf_fresh fresh;
	bool pipe; /* the session's peer holds its pipe */
};

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
	struct running *running = context;
	struct agent_server server = {
		.conf = &running->fresh.conf, .pipe = running->pipe, .event = log_it};
	int err;

	(void)out;
	if (!is_set_up(&running->fresh))
		return EX_CONFIG;
	err = agent_serve(&server, in);
	if (err == -EPROTO)
		return EX_PROTOCOL;
	if (err == -EPERM)
		return EX_NOPERM;
	if (err == -ENOTSOCK)
		return EX_USAGE;
	return err < 0 ? EX_OSERR : EX_OK;
}

static int serve_sessions(struct running *running)
{
	struct serve how = {.session = session, .context = running, .on_demand = true};
	bool good = is_set_up(&running->fresh);
	const struct conf_limits *limits = conf_fresh_limits(&running->fresh);
	int status;

	/* Sessions come from this host: it is they that count their peers per source. And each
	 * service may have so many of them at once. */
	how.connections = SERVICES * limits->connections;
	how.idle_seconds = limits->listen_idle;
	status = serve(&how);
	return good ? status : EX_CONFIG;
}

int main(int argc, char **argv)
{
	static struct running running; /* as long-lived as the process */
	int option;

	log_open("spool-agent");
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case FLAG_PIPE:
			running.pipe = true;
			break;
		case FLAG_CONFIG:
			running.fresh.path = optarg;
			break;
		case FLAG_HELP:
			return print(usage);
		case FLAG_VERSION:
			return print("spool-agent (Pillarbox) " PILLARBOX_VERSION "\n");
		default:
			return refuse(
				EX_USAGE, "unknown option, or one without its value; see --help");
		}
	}
	if (optind < argc)
		return refuse(EX_USAGE, "there are no arguments but options; see --help");
	return serve_sessions(&running);
}

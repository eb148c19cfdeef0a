/*
 * session_main - see session_main.h.
 *
 * A mistake in how the program was called goes to the log, not only to standard error: under inetd
 * nobody sees that. A listener has TLS loaded before it forks; a session of its own accord looks
 * whether configuration and certificates are still the same, so that a change holds from the next
 * connection on.
 */
#include "session/session_main.h"

#include "base/fd.h"
#include "base/log.h"
#include "conf/conf_fresh.h"
#include "io/serve.h"
#include "session/session_options.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct running {
	const struct session_program *program;
	const struct session_service *service;
	struct conf_fresh fresh;
	struct session_tls tls;
	bool is_current; /* a listener has just looked, and all is well: its child need not look
			    again */
};

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) < 0 ? EX_IOERR : EX_OK;
}

static int print_version(const char *name)
{
	return printf("%s (Pillarbox) %s\n", name, PILLARBOX_VERSION) < 0 || fflush(stdout) < 0
		       ? EX_IOERR
		       : EX_OK;
}

/* Whoever waits for TLS would take a word in clear for a fault of it. */
static const char *in_clear(const struct running *running, const char *text)
{
	return running->service->flags & SESSION_TLS ? NULL : text;
}

/* RFC 5321 3.8: whoever connects is told; why is in the log. */
static int refuse(const struct running *running, int out)
{
	const char *text = in_clear(running, running->program->not_set_up);

	if (text)
		(void)fd_write(out, text, strlen(text));
	return EX_CONFIG;
}

/* Is there a configuration to serve by? Whatever is wrong, with certificates, too, the log hears
 * once from each process. */
static bool is_set_up(struct running *running)
{
	bool news;
	bool good = conf_fresh_read(&running->fresh, &news);

	if (!good && news)
		log_event(LOG_ERR, "unavailable", LOG_STATUS, running->fresh.why.status, LOG_REASON,
			running->fresh.why.text, LOG_END);
	if (good && news && session_tls_read(&running->tls, &running->fresh.conf) < 0)
		log_event(LOG_ERR, "tls-unusable", LOG_STATUS, running->tls.why.status, LOG_REASON,
			running->tls.why.text, LOG_END);
	return good;
}

static int session(void *context, int in, int out)
{
	struct running *running = context;
	struct session_start start = {.program = running->program,
		.service = running->service,
		.config_path = running->fresh.path,
		.tls = &running->tls};

	if (!running->is_current && !is_set_up(running))
		return refuse(running, out);
	start.conf = &running->fresh.conf;
	return running->program->run(&start, in, out);
}

static void turned_away(void *context, const char *address, uint64_t more)
{
	const char *which = address ? "since this was last said" : "from other addresses";
	char reason[96] = "too many connections at once";

	(void)context;
	if (more > 0)
		snprintf(reason, sizeof(reason),
			"too many connections at once; %llu more refused %s",
			(unsigned long long)more, which);
	log_event(LOG_NOTICE, "limit", LOG_REMOTE_ADDR, address, LOG_STATUS, "4.7.0", LOG_REASON,
		reason, LOG_END);
}

/* By the jail, by its own fault, or by somebody who may: of its session nobody else can tell. */
static void killed(void *context, const char *source, pid_t pid, int signal)
{
	bool meant = signal == SIGALRM || signal == SIGTERM || signal == SIGKILL;
	char reason[96];

	(void)context;
	snprintf(reason, sizeof(reason), "process %ld was ended by signal %d (%s)", (long)pid,
		signal, strsignal(signal));
	log_event(meant ? LOG_NOTICE : LOG_ERR, "session-killed", LOG_REMOTE_ADDR, source,
		LOG_REASON, reason, LOG_END);
}

/* A listener, before it forks: what its children will all need. What is wrong here each of them
 * finds, and says. */
static bool may_go_on(void *context)
{
	struct running *running = context;
	const struct conf *conf = &running->fresh.conf;
	bool news;

	running->is_current = false;
	if (!conf_fresh_read(&running->fresh, &news))
		return true;
	if (session_tls_is_outdated(&running->tls, conf)) {
		log_event(LOG_INFO, "handover", LOG_REASON,
			"the certificate has changed; the next process has it", LOG_END);
		return false;
	}
	running->is_current = session_tls_read(&running->tls, conf) == 0 &&
			      (!running->tls.server || session_tls_load(&running->tls) == 0);
	return true;
}

static int serve_sessions(struct running *running)
{
	struct serve how = {.session = session,
		.context = running,
		.turned_away = turned_away,
		.killed = killed,
		.may_go_on = may_go_on,
		.refusal = in_clear(running, running->program->too_many)};
	bool good = is_set_up(running);
	const struct conf_limits *limits = conf_fresh_limits(&running->fresh);
	int status;

	how.per_source = limits->per_source;
	how.connections = limits->connections;
	how.idle_seconds = limits->listen_idle;
	status = serve(&how);
	return good ? status : EX_CONFIG;
}

/* --check: for an administrator who has changed something. */
static int check(struct running *running)
{
	struct session_tls *tls = &running->tls;
	const struct why *why = &running->fresh.why;
	bool news;
	int err = -1;

	if (conf_fresh_read(&running->fresh, &news)) {
		why = &tls->why;
		err = session_tls_read(tls, &running->fresh.conf);
		if (err == 0 && (tls->wanted || running->service->flags & SESSION_TLS))
			err = session_tls_load(tls);
	}
	if (err == 0)
		return print("ok\n");
	fprintf(stderr, "%s: %s\n", running->program->name, why->text);
	return EX_CONFIG;
}

int session_main(const struct session_program *program, int argc, char **argv)
{
	static struct running running; /* as long-lived as the process */
	struct session_options options;

	log_open(program->name);
	session_options_read(&options, program, argc, argv);
	running.program = program;
	running.service = options.service;
	running.fresh.path = options.config_path;
	switch (options.action) {
	case SESSION_SERVE:
		break;
	case SESSION_CHECK:
		return check(&running);
	case SESSION_DUMP_VERBS:
		return verb_dump(options.service->verbs, program->state_names, STDOUT_FILENO) < 0
			       ? EX_IOERR
			       : EX_OK;
	case SESSION_HELP:
		return print(program->usage);
	case SESSION_VERSION:
		return print_version(program->name);
	case SESSION_MISTAKE:
		log_event(LOG_ERR, "unavailable", LOG_REASON, options.mistake, LOG_END);
		return EX_USAGE;
	}
	return serve_sessions(&running);
}

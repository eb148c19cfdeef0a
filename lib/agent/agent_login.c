/*
 * agent_login - LOGIN: the credentials are checked in one child. For a maildrop (pop3), the
 * connection then belongs to another child, which is the user; for submission (smtp), it stays here
 * and the user is remembered.
 *
 * Whatever is wrong, the answer takes the same least time, counted from the question, and a little
 * more by chance. The password is wiped here as soon as the checker has its own copy, which ends
 * with the checker.
 *
 * System calls: poll, clock_gettime, getrandom, nanosleep; those of agent_checker.c and
 * agent_child.c.
 */
#include "agent/agent_checker.h"
#include "agent/agent_child.h"
#include "agent/agent_maildrop.h"
#include "agent/agent_monitor.h"
#include "agent/agent_wire.h"
#include "base/clock.h"
#include "base/fd.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A numeric address, for PAM_RHOST; "" for anything else, such as a pipe. */
static const char *numeric_remote(const char *remote)
{
	if (!isxdigit((unsigned char)*remote) && *remote != ':')
		return "";
	return remote[strspn(remote, "0123456789abcdefABCDEF:.")] == '\0' ? remote : "";
}

static int check(struct agent_monitor *monitor, struct agent_request *request,
	struct account *account, struct why *why)
{
	struct account_credentials credentials = {
		.user = request->recipient,
		.password = request->password,
		.remote = numeric_remote(request->remote),
		.service = request->service,
		/* Only a session of this very user can vouch for a pipe of this user's. */
		.from_pipe = request->from_pipe && monitor->is_own_session,
	};
	int err = agent_checker_run(monitor->conf, &credentials, monitor->connection.fd, account,
		agent_note, monitor, why);

	explicit_bzero(request->password, sizeof(request->password));
	return err;
}

/* Sleep until the failure has taken as long as all of them do; no longer than somebody waits for
 * it. */
static void hold_back(const struct agent_monitor *monitor)
{
	int64_t delay_us = (int64_t)monitor->conf->failure_delay_ms * 1000;
	int64_t until = monitor->connection.arrived_us + delay_us;

	for (;;) {
		struct pollfd hangup = {.fd = monitor->connection.fd};
		int64_t left = until - clock_us();

		if (left <= 0)
			break;
		if (poll(&hangup, 1, (int)(left / 1000) + 1) > 0)
			return;
	}
	if (delay_us > 0)
		clock_sleep_jitter((unsigned)(delay_us / 8));
}

static enum agent_then fail(struct agent_monitor *monitor, const struct why *why)
{
	struct agent_event event = {
		.name = "login-failed",
		.bad = why->class != WHY_AUTH,
		.user = monitor->request->recipient,
		.status = why->status,
		.reason = why->text,
	};

	hold_back(monitor);
	event.duration_us = (uint64_t)(clock_us() - monitor->connection.arrived_us);
	agent_tell(monitor, &event);
	monitor->failures++;
	return monitor->failures < monitor->conf->limits.logins ? AGENT_THEN_REPLY
								: AGENT_THEN_REPLY_END;
}

/* What the user's child did, for the log. */
struct watch {
	struct agent_monitor *monitor;
	const struct account *account;
};

static void tell_note(void *listener, const char *text)
{
	const struct watch *watch = listener;

	agent_note_user(watch->monitor, watch->account, text);
}

static void tell_report(void *listener, const struct agent_pair_msg *msg)
{
	const struct watch *watch = listener;
	bool is_update = msg->about == AGENT_UPDATE;
	char count[40];
	struct agent_event event = {
		.name = is_update ? "removed" : "maildrop",
		.user = watch->account->name,
		.reason = count,
	};

	snprintf(count, sizeof(count), "%llu messages", (unsigned long long)msg->count);
	if (msg->error < 0) {
		event.name = is_update ? "removal-failed" : "maildrop-failed";
		event.bad = msg->why.class != WHY_INUSE;
		event.status = msg->why.status;
		event.reason = msg->why.text;
	}
	agent_tell(watch->monitor, &event);
}

static void tell_login(struct agent_monitor *monitor, const struct account *account)
{
	struct agent_event event = {
		.name = "login",
		.user = account->name,
		.duration_us = (uint64_t)(clock_us() - monitor->connection.arrived_us),
	};

	agent_tell(monitor, &event);
}

/* From here on the connection is the user's, and all that the monitor does is for that user's
 * mailbox. */
static enum agent_then hand_over(
	struct agent_monitor *monitor, const struct account *account, struct agent_reply *reply)
{
	struct agent_maildrop_limits limits = {.deadline_ms = monitor->connection.deadline_ms};
	struct watch watch = {monitor, account};
	struct agent_child_plan plan = {
		.conf = monitor->conf,
		.account = account,
		.fd = monitor->connection.fd,
		.work = agent_maildrop_work,
		.context = &limits,
		.report = tell_report,
		.note = tell_note,
		.listener = &watch,
	};
	struct agent_child child;

	reply->error = agent_child_start(&child, &plan, &reply->why);
	if (reply->error < 0)
		return fail(monitor, &reply->why);
	tell_login(monitor, account);
	(void)agent_wire_send(monitor->connection.fd, reply, sizeof(*reply), -1);
	agent_child_serve(&child);
	return AGENT_THEN_END;
}

/* The monitor goes on, and knows from here on whose message it is. */
static enum agent_then remember(
	struct agent_monitor *monitor, const struct account *account, struct agent_reply *reply)
{
	(void)reply;
	memcpy(monitor->user, account->name, sizeof(monitor->user));
	fd_close(&monitor->staged);
	monitor->connection.state = AGENT_STATE_USER;
	tell_login(monitor, account);
	return AGENT_THEN_REPLY;
}

/* What a log-in can be for, and what becomes of the connection then. */
static const struct service {
	const char *name;
	enum agent_then (*enter)(struct agent_monitor *monitor, const struct account *account,
		struct agent_reply *reply);
} services[] = {{"pop3", hand_over}, {"smtp", remember}};

static const struct service *find_service(const char *name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	}
	return NULL;
}

enum agent_then agent_login_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct agent_monitor *monitor = context;
	const struct service *service = find_service(request->service);
	struct account account;

	(void)fds;
	monitor->request = request;
	if (!service)
		return AGENT_THEN_BROKEN;
	reply->error = check(monitor, request, &account, &reply->why);
	if (reply->error < 0)
		return fail(monitor, &reply->why);
	return service->enter(monitor, &account, reply);
}

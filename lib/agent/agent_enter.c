/*
 * agent_enter - after a LOGIN that was right: what becomes of the connection. For a maildrop (pop3)
 * it belongs to a child that is the user; for submission (smtp) it stays with the monitor, and the
 * user is remembered.
 *
 * System calls: close, those of agent_child.c.
 */
#include "agent/agent_enter.h"

#include "agent/agent_child.h"
#include "agent/agent_maildrop.h"
#include "agent/agent_wire.h"
#include "base/clock.h"
#include "base/fd.h"

#include <stdio.h>
#include <string.h>

/* To remove from a mailbox of many GB takes its time; a session that waits (for
 * AGENT_PATIENCE_SECONDS) is still there when this is over. What is cut is finished by whoever
 * opens the mailbox next. */
#define UPDATE_SECONDS 540

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

static void tell_killed(void *listener, const char *reason)
{
	const struct watch *watch = listener;

	agent_tell_killed(watch->monitor, watch->account, reason);
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

	if (is_update && msg->error == 0 && msg->count == 0)
		return; /* a QUIT with nothing marked */
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
static int hand_over(struct agent_monitor *monitor, const struct account *account,
	struct agent_reply *reply, enum agent_then *then)
{
	struct agent_maildrop_limits limits = {.deadline_ms = monitor->connection.deadline_ms};
	struct watch watch = {monitor, account};
	struct agent_child_plan plan = {
		.conf = monitor->conf,
		.account = account,
		.fd = monitor->connection.fd,
		.work = agent_maildrop_work,
		.context = &limits,
		.session = monitor->connection.fd,
		.deadline_ms = limits.deadline_ms,
		.change_seconds = UPDATE_SECONDS,
		.report = tell_report,
		.note = tell_note,
		.killed = tell_killed,
		.listener = &watch,
	};
	struct agent_child child;
	int err = agent_child_start(&child, &plan, &reply->why);

	if (err < 0)
		return err;
	tell_login(monitor, account);
	(void)agent_wire_send(monitor->connection.fd, reply, sizeof(*reply), -1);
	agent_child_serve(&child);
	*then = AGENT_THEN_END;
	return 0;
}

/* The monitor goes on, and knows from here on whose message it is. */
static int remember(struct agent_monitor *monitor, const struct account *account,
	struct agent_reply *reply, enum agent_then *then)
{
	(void)reply;
	memcpy(monitor->user, account->name, sizeof(monitor->user));
	fd_close(&monitor->staged);
	monitor->connection.state = AGENT_STATE_USER;
	tell_login(monitor, account);
	*then = AGENT_THEN_REPLY;
	return 0;
}

static const struct agent_service services[] = {{"pop3", hand_over}, {"smtp", remember}};

const struct agent_service *agent_enter_find(const char *name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	}
	return NULL;
}

/*
 * agent_deliver - LOOKUP, STAGE and DELIVER: a recipient, a file to write the message into, and its
 * way into the mailboxes.
 *
 * The recipient is resolved again at each step, for a session could name anybody. The message's
 * octets are the session's and never read here: the user's child copies them.
 *
 * System calls: openat, unlink, fstat, close, clock_gettime; those of agent_child.c and
 * agent_folder.c; what NSS needs and the files that account/ reads.
 */
#include "agent/agent_child.h"
#include "agent/agent_folder.h"
#include "agent/agent_monitor.h"
#include "base/clock.h"
#include "base/fd.h"
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLACK                                                                                      \
	65536 /* octets of trace header that the session adds to a message of the largest size */

/* For one message on disk, and the mending of a mailbox whose last change was cut, which goes on
 * where it was cut. An SMTP client waits for ten minutes (RFC 5321 section 4.5.3.2.6). */
#define DELIVER_SECONDS 120

/* No line end must get from an address into a From_ line or a header. */
static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	}
	return true;
}

static int resolve(struct agent_monitor *monitor, const struct agent_request *request,
	struct account_targets *targets, struct why *why)
{
	if (!is_printable(request->recipient))
		return why_set(
			why, EINVAL, WHY_PERM, "5.1.3", "a control character in the address");
	return account_resolve(
		monitor->conf, request->recipient, targets, agent_note, monitor, why);
}

enum agent_then agent_lookup_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct agent_monitor *monitor = context;
	struct account_targets targets = {0};

	(void)fds;
	monitor->request = request;
	reply->error = resolve(monitor, request, &targets, &reply->why);
	account_targets_done(&targets);
	return AGENT_THEN_REPLY;
}

/* Where there are no files without a name, one loses it at once. */
static int open_named(const char *folder)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/stage.XXXXXX", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int open_unnamed(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return open_named(folder);
	return -errno;
}

static int open_staged(struct agent_monitor *monitor)
{
	const char *folder = monitor->conf->queue;
	int fd = open_unnamed(folder);
	int err;

	if (fd != -ENOENT)
		return fd;
	err = agent_folder_make(folder, 0700, agent_note, monitor);
	return err < 0 ? err : open_unnamed(folder);
}

enum agent_then agent_stage_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct agent_monitor *monitor = context;
	int fd;

	monitor->request = request;
	fd = open_staged(monitor);
	if (fd >= 0)
		fds->out = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || fds->out < 0) {
		reply->error = why_errno(&reply->why, fd < 0 ? -fd : errno, monitor->conf->queue,
			"make a file for the message");
		agent_note(monitor, reply->why.text);
		if (fd >= 0)
			fd_close(&fd);
		return AGENT_THEN_REPLY;
	}
	fd_close(&monitor->staged);
	monitor->staged = fd;
	monitor->connection.state = *monitor->user ? AGENT_STATE_USER_STAGED : AGENT_STATE_STAGED;
	return AGENT_THEN_REPLY;
}

/* In the user's child. */
static void deliver(void *context, const struct spool_place *place, int fd, int pair)
{
	const struct agent_request *request = context;
	const struct spool_envelope envelope = {
		.sender = request->sender, .recipient = request->recipient, .when = time(NULL)};
	struct why why = {0};
	int err = spool_deliver(place, &envelope, fd, &why);

	(void)agent_pair_report(pair, AGENT_DELIVER, 1, err, &why);
}

struct verdict {
	int error;
	struct why why;
};

/* One mailbox's delivery, as the monitor hears of it. */
struct delivery {
	struct agent_monitor *monitor;
	const struct account *account;
	struct verdict verdict;
};

static void take_verdict(void *listener, const struct agent_pair_msg *msg)
{
	struct delivery *delivery = listener;

	delivery->verdict.error = msg->error > 0 ? -EPROTO : msg->error;
	delivery->verdict.why = msg->why;
}

static void take_note(void *listener, const char *text)
{
	const struct delivery *delivery = listener;

	agent_note_user(delivery->monitor, delivery->account, text);
}

static void take_end(void *listener, const char *reason)
{
	const struct delivery *delivery = listener;

	agent_tell_killed(delivery->monitor, delivery->account, reason);
}

static void tell_verdict(struct agent_monitor *monitor, const struct account *account,
	const struct verdict *verdict, uint64_t size, int64_t began_us)
{
	bool permanent = verdict->why.class == WHY_PERM;
	struct agent_event event = {
		.name = "delivered",
		.user = account->name,
		.queue_id = monitor->request->queue_id,
		.sender = monitor->request->sender,
		.recipient = monitor->request->recipient,
		.size = size,
		.duration_us = (uint64_t)(clock_us() - began_us),
	};

	if (verdict->error < 0) {
		event.name = permanent ? "delivery-failed" : "delivery-deferred";
		event.bad = true;
		event.status = verdict->why.status;
		event.reason = verdict->why.text;
	}
	agent_tell(monitor, &event);
}

static struct verdict deliver_to(
	struct agent_monitor *monitor, const struct account *account, uint64_t size)
{
	struct delivery delivery = {.monitor = monitor, .account = account};
	struct agent_child_plan plan = {
		.conf = monitor->conf,
		.account = account,
		.fd = monitor->staged,
		.work = deliver,
		.context = monitor->request,
		.session = monitor->connection.fd,
		.change_seconds = DELIVER_SECONDS,
		.changes = true,
		.report = take_verdict,
		.note = take_note,
		.killed = take_end,
		.listener = &delivery,
	};
	struct verdict *verdict = &delivery.verdict;
	struct agent_child child;
	int64_t began_us = clock_us();

	verdict->error = why_set(&verdict->why, EIO, WHY_TEMP, "4.3.0",
		"the delivery to %s broke off", account->name);
	if (agent_child_start(&child, &plan, &verdict->why) == 0)
		agent_child_serve(&child);
	tell_verdict(monitor, account, verdict, size, began_us);
	return *verdict;
}

/* All of them or not: a sender who tries again after a temporary failure reaches those who were
 * missed. */
static void deliver_all(struct agent_monitor *monitor, const struct account_targets *targets,
	uint64_t size, struct agent_reply *reply)
{
	for (size_t i = 0; i < targets->count; i++) {
		struct verdict verdict = deliver_to(monitor, &targets->list[i], size);

		if (verdict.error == 0 || reply->why.class == WHY_TEMP)
			continue;
		reply->error = verdict.error;
		reply->why = verdict.why;
	}
}

static int check_message(const struct agent_monitor *monitor, const struct agent_request *request,
	uint64_t *size, struct why *why)
{
	struct stat st;

	if (!is_printable(request->sender))
		return why_set(why, EINVAL, WHY_PERM, "5.1.7", "a control character in the sender");
	if (fstat(monitor->staged, &st) < 0)
		return why_errno(why, errno, "the message", "fstat");
	*size = (uint64_t)st.st_size;
	if (*size > monitor->conf->max_message_size + SLACK)
		return why_set(why, EFBIG, WHY_PERM, "5.3.4", "the message is too large");
	return 0;
}

enum agent_then agent_deliver_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct agent_monitor *monitor = context;
	struct account_targets targets = {0};
	uint64_t size = 0;

	(void)fds;
	monitor->request = request;
	reply->error = check_message(monitor, request, &size, &reply->why);
	if (reply->error == 0)
		reply->error = resolve(monitor, request, &targets, &reply->why);
	if (reply->error == 0)
		deliver_all(monitor, &targets, size, reply);
	account_targets_done(&targets);
	return AGENT_THEN_REPLY;
}

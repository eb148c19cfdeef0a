/*
 * agent_child - see agent_child.h.
 *
 * The monitor believes nothing that the child says, and waits for nothing that it might not do: not
 * for a message (agent_patience.c), not for its end (agent_end.c), nor for room to answer it. A
 * child that dies is not waited for in vain: its end of the pair is closed.
 *
 * System calls of the monitor here: socketpair, fcntl, fork, recvmsg, sendto, close, and those of
 * agent_patience.c, agent_end.c, agent_folder.c and agent_spool_helper.c. Of the child, before the
 * work: fcntl, open (/dev/null), dup2, close_range, those of agent_become.c.
 */
#include "agent/agent_child.h"

#include "agent/agent_become.h"
#include "agent/agent_end.h"
#include "agent/agent_folder.h"
#include "agent/agent_place.h"
#include "agent/agent_wire.h"
#include "base/fd.h"
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Folders of the user's. */
struct folders {
	char state[PATH_MAX];
	char cache[PATH_MAX];
	bool has_cache;
};

__attribute__((noreturn)) static void run(
	const struct agent_child_plan *plan, const struct folders *folders, int pair)
{
	struct spool_helper helper;
	struct spool_place place;
	int fd = plan->fd;
	struct why why;
	int err = fd_keep_two(&fd, &pair);

	agent_place_init(&place, plan->conf, plan->account, folders->state);
	place.cache = folders->has_cache ? folders->cache : NULL;
	place.helper = &helper;
	place.note = agent_pair_note;
	place.note_context = &pair;
	if (err < 0)
		why_errno(&why, -err, "the user's process", "close files");
	else
		err = agent_become(plan->account->uid, plan->account->gid, &why);
	agent_pair_helper(&helper, &pair);
	if (agent_pair_ready(pair, err, &why) == 0 && err == 0)
		plan->work(plan->context, &place, fd, pair);
	_exit(0);
}

static const char *reason_of(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "it took too long";
	case -ECONNABORTED:
		return "its session has ended and it did not";
	default:
		return "it was done and did not end";
	}
}

/* err: why it is done with. Has it been given up, there is no reason to wait for its end. */
static void end(struct agent_child *child, int err)
{
	const struct agent_child_plan *plan = child->plan;
	bool given_up = err == -ETIMEDOUT || err == -ECONNABORTED;
	char text[100];

	fd_close(&child->pair);
	if (given_up || agent_end_await(child->pid) < 0) {
		int left = agent_end_kill(child->pid, plan->account->uid);

		if (left < 0)
			snprintf(text, sizeof(text), "%s; process %ld is still there: %s",
				reason_of(err), (long)child->pid, strerror(-left));
		plan->killed(plan->listener, left < 0 ? text : reason_of(err));
	}
	child->pid = -1;
}

static int receive(struct agent_child *child, struct agent_pair_msg *msg)
{
	int fd = -1;
	int err = agent_patience_await(&child->patience, child->pair, child->plan->session);

	if (err < 0)
		return err;
	err = agent_wire_receive(child->pair, msg, sizeof(*msg), &fd);
	if (err < 0)
		return err;
	fd_close(&fd);
	return 0;
}

/* *given_up: what to call end() with. */
static int await_ready(struct agent_child *child, int *given_up, struct why *why)
{
	struct agent_pair_msg msg;
	int err = receive(child, &msg);

	*given_up = err;
	if (err == 0 && msg.op != AGENT_PAIR_READY)
		err = -EPROTO;
	if (err < 0)
		return why_set(why, EIO, WHY_TEMP, "4.3.0", "the user's process did not start: %s",
			strerror(-err));
	if (msg.error < 0)
		*why = msg.why;
	return msg.error;
}

/* Our end alone: a child that asks and never reads the answers must not hold the monitor up. */
static void never_block(int pair)
{
	(void)fcntl(pair, F_SETFL, O_NONBLOCK);
}

/* Without a cache each log-in reads the mailbox: slow, and nothing worse. Deliveries, which change
 * the mailbox from the beginning, list nothing and need none. */
static void make_cache(struct folders *folders, const struct agent_child_plan *plan)
{
	char text[PATH_MAX + 100];
	int err = agent_folder_cache(plan->conf, plan->account, folders->cache);

	folders->has_cache = err == 0;
	if (err == 0 || !plan->note)
		return;
	snprintf(text, sizeof(text), "%s: no indexes are kept there: %s", plan->conf->cache,
		strerror(-err));
	plan->note(plan->listener, text);
}

static int make_folders(
	struct folders *folders, const struct agent_child_plan *plan, struct why *why)
{
	int err = agent_folder_state(
		plan->conf, plan->account, folders->state, plan->note, plan->listener, why);

	folders->has_cache = false;
	if (err == 0 && !plan->changes)
		make_cache(folders, plan);
	return err;
}

int agent_child_start(
	struct agent_child *child, const struct agent_child_plan *plan, struct why *why)
{
	struct folders folders;
	int pair[2];
	int given_up;
	int err = make_folders(&folders, plan, why);

	if (err < 0)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return why_errno(why, errno, "the user's process", "socketpair");
	child->pid = fork();
	if (child->pid == 0) {
		close(pair[0]);
		run(plan, &folders, pair[1]);
	}
	fd_close(&pair[1]);
	if (child->pid < 0) {
		err = why_errno(why, errno, "the user's process", "fork");
		fd_close(&pair[0]);
		return err;
	}
	child->pair = pair[0];
	child->plan = plan;
	agent_spool_helper_init(&child->helper, plan->account);
	never_block(child->pair);
	agent_patience_begin(&child->patience, plan->conf);
	err = await_ready(child, &given_up, why);
	if (err < 0)
		end(child, given_up);
	return err;
}

/* A text of the child's, as it may stand in a log. */
static void make_printable(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

/* What needs no answer. */
static void hear(const struct agent_child_plan *plan, struct agent_pair_msg *msg)
{
	make_printable(msg->why.status, sizeof(msg->why.status));
	make_printable(msg->why.text, sizeof(msg->why.text));
	if (msg->op == AGENT_PAIR_NOTE)
		plan->note(plan->listener, msg->why.text);
	else
		plan->report(plan->listener, msg);
}

/* 0: go on; -errno: the child is done with. */
static int serve_one(struct agent_child *child)
{
	static int (*const privileged[])(struct agent_spool_helper * helper) = {
		[AGENT_PAIR_TAKE] = agent_spool_helper_take,
		[AGENT_PAIR_RELEASE] = agent_spool_helper_release,
		[AGENT_PAIR_CREATE] = agent_spool_helper_create,
	};
	const struct agent_child_plan *plan = child->plan;
	struct agent_pair_msg msg;
	int err = receive(child, &msg);

	if (err < 0)
		return err;
	if (msg.op == AGENT_PAIR_CHANGE) {
		agent_patience_change(&child->patience, plan->conf, plan->change_seconds);
		return 0;
	}
	if (msg.op == AGENT_PAIR_REPORT || msg.op == AGENT_PAIR_NOTE) {
		hear(plan, &msg);
		return 0;
	}
	if (msg.op >= sizeof(privileged) / sizeof(*privileged) || !privileged[msg.op])
		return -EPROTO;
	msg.error = privileged[msg.op](&child->helper);
	return agent_wire_send(child->pair, &msg, sizeof(msg), -1);
}

void agent_child_serve(struct agent_child *child)
{
	const struct agent_child_plan *plan = child->plan;
	int err;

	agent_patience_read(&child->patience, plan->deadline_ms);
	if (plan->changes)
		agent_patience_change(&child->patience, plan->conf, plan->change_seconds);
	do {
		err = serve_one(child);
	} while (err == 0);
	/* In this order: who may still write holds the lock. */
	end(child, err);
	agent_spool_helper_done(&child->helper);
}

/*
 * agent_child - see agent_child.h.
 *
 * System calls of the monitor here: socketpair, fork, recvmsg, sendto, close, waitpid, and those
 * of agent_folder.c and agent_spool_helper.c. Of the child, before the work: fcntl, open
 * (/dev/null), dup2, close_range, those of agent_become.c. A child that dies is not waited for in
 * vain: its end of the pair is closed.
 */
#include "agent/agent_child.h"

#include "agent/agent_become.h"
#include "agent/agent_folder.h"
#include "agent/agent_wire.h"
#include "base/fd.h"
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn)) static void run(
	const struct agent_child_plan *plan, const char *state, int pair)
{
	struct spool_helper helper;
	struct spool_place place = {
		.location = plan->account->location,
		.state = state,
		.owner = plan->account->uid,
		.lock_seconds = (unsigned)plan->conf->limits.lock_seconds,
		.helper = &helper,
		.note = agent_pair_note,
		.note_context = &pair,
	};
	int fd = plan->fd;
	struct why why;
	int err = fd_keep_two(&fd, &pair);

	if (err < 0)
		why_errno(&why, -err, "the user's process", "close files");
	else
		err = agent_become(plan->account->uid, plan->account->gid, &why);
	agent_pair_helper(&helper, &pair);
	if (agent_pair_ready(pair, err, &why) == 0 && err == 0)
		plan->work(plan->context, &place, fd, pair);
	_exit(0);
}

static void reap(struct agent_child *child)
{
	fd_close(&child->pair);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = -1;
}

static int await_ready(struct agent_child *child, struct why *why)
{
	struct agent_pair_msg msg;
	int fd = -1;
	int err = agent_wire_receive(child->pair, &msg, sizeof(msg), &fd);

	if (err == 0)
		fd_close(&fd);
	if (err == 0 && msg.op != AGENT_PAIR_READY)
		err = -EPROTO;
	if (err < 0)
		return why_set(why, EIO, WHY_TEMP, "4.3.0", "the user's process did not start: %s",
			strerror(-err));
	if (msg.error < 0)
		*why = msg.why;
	return msg.error;
}

int agent_child_start(
	struct agent_child *child, const struct agent_child_plan *plan, struct why *why)
{
	char state[PATH_MAX];
	int pair[2];
	int err = agent_folder_state(
		plan->conf, plan->account, state, plan->note, plan->listener, why);

	if (err < 0)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return why_errno(why, errno, "the user's process", "socketpair");
	child->pid = fork();
	if (child->pid == 0) {
		close(pair[0]);
		run(plan, state, pair[1]);
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
	err = await_ready(child, why);
	if (err < 0)
		reap(child);
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
	struct agent_pair_msg msg;
	int fd = -1;
	int err = agent_wire_receive(child->pair, &msg, sizeof(msg), &fd);

	if (err < 0)
		return err;
	fd_close(&fd);
	if (msg.op == AGENT_PAIR_REPORT || msg.op == AGENT_PAIR_NOTE) {
		hear(child->plan, &msg);
		return 0;
	}
	if (msg.op >= sizeof(privileged) / sizeof(*privileged) || !privileged[msg.op])
		return -EPROTO;
	msg.error = privileged[msg.op](&child->helper);
	return agent_wire_send(child->pair, &msg, sizeof(msg), -1);
}

void agent_child_serve(struct agent_child *child)
{
	while (serve_one(child) == 0)
		;
	agent_spool_helper_done(&child->helper);
	reap(child);
}

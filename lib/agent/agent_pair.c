/* agent_pair - see agent_pair.h: the child's side. A monitor that is gone is -EPIPE. */
#include "agent/agent_pair.h"

#include "agent/agent_wire.h"
#include "base/fd.h"
#include "spool/spool.h"

#include <errno.h>

static int ask(void *context, enum agent_pair_op op)
{
	const int *pair = context;
	struct agent_pair_msg msg = {.op = op};
	int fd;
	int err = agent_wire_send(*pair, &msg, sizeof(msg), -1);

	if (err == 0)
		err = agent_wire_receive(*pair, &msg, sizeof(msg), &fd);
	if (err < 0)
		return err;
	fd_close(&fd);
	return msg.error <= 0 ? msg.error : -EPROTO;
}

static int take(void *context)
{
	return ask(context, AGENT_PAIR_TAKE);
}

static int release(void *context)
{
	return ask(context, AGENT_PAIR_RELEASE);
}

static int create(void *context)
{
	return ask(context, AGENT_PAIR_CREATE);
}

void agent_pair_helper(struct spool_helper *helper, int *pair)
{
	helper->dotlock_take = take;
	helper->dotlock_release = release;
	helper->mailbox_create = create;
	helper->context = pair;
}

int agent_pair_ready(int pair, int error, const struct why *why)
{
	struct agent_pair_msg msg = {.op = AGENT_PAIR_READY, .error = error};

	if (error < 0)
		msg.why = *why;
	return agent_wire_send(pair, &msg, sizeof(msg), -1);
}

int agent_pair_change(int pair)
{
	struct agent_pair_msg msg = {.op = AGENT_PAIR_CHANGE};

	return agent_wire_send(pair, &msg, sizeof(msg), -1);
}

int agent_pair_report(int pair, uint32_t about, uint64_t count, int error, const struct why *why)
{
	struct agent_pair_msg msg = {
		.op = AGENT_PAIR_REPORT, .about = about, .count = count, .error = error};

	if (error < 0)
		msg.why = *why;
	return agent_wire_send(pair, &msg, sizeof(msg), -1);
}

void agent_pair_note(void *context, const char *text)
{
	const int *pair = context;
	struct agent_pair_msg msg = {.op = AGENT_PAIR_NOTE};

	(void)why_set(&msg.why, EIO, WHY_NONE, "", "%s", text);
	(void)agent_wire_send(*pair, &msg, sizeof(msg), -1);
}

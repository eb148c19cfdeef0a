/*
 * agent_patience - see agent_patience.h.
 *
 * The deadlines, and why: to become a user takes a millisecond, so READY_SECONDS are for a host
 * that swaps. Who reads has the connection's own deadline, for a session decides how long it stays;
 * one that waits for an answer does so for AGENT_PATIENCE_SECONDS or half of [limits] session_time
 * (session_link.c) and then hangs up, which is seen here. A change may have to wait for locks
 * first, then has what its plan allows. No deadline but that of reading is later than half of
 * session_time: nobody would be there to hear the answer.
 *
 * A session that has hung up takes nothing back that is on disk, but nobody waits for the child any
 * more. One that reads sees the hang-up itself if it is alive and not busy, so it gets a moment to
 * end in peace. One that changes something gets a few seconds: it is better off ending than being
 * cut, but is safe to cut. Nobody was told that it had succeeded, and whoever opens the mailbox
 * next takes back what was appended in part, and finishes a removal (spool.h).
 *
 * System calls: poll, clock_gettime.
 */
#include "agent/agent_patience.h"

#include "base/clock.h"
#include "conf/conf.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#define READY_SECONDS   10
#define READ_GRACE_MS   2000
#define CHANGE_GRACE_MS 10000

static int64_t deadline_of(const struct conf *conf, uint64_t seconds)
{
	uint64_t most = conf->limits.session_seconds / 2;

	if (seconds > most)
		seconds = most;
	return clock_ms() + (seconds > 0 ? (int64_t)seconds * 1000 : 1000);
}

void agent_patience_begin(struct agent_patience *patience, const struct conf *conf)
{
	*patience = (struct agent_patience){
		.deadline_ms = deadline_of(conf, READY_SECONDS), .grace_ms = READ_GRACE_MS};
}

/* The child has the same deadline, and ends itself if it only waits. A hang-up is seen again, and
 * its grace begins then. */
void agent_patience_read(struct agent_patience *patience, int64_t deadline_ms)
{
	patience->deadline_ms = deadline_ms + READ_GRACE_MS;
	patience->hung_up = false;
}

void agent_patience_change(
	struct agent_patience *patience, const struct conf *conf, uint64_t seconds)
{
	if (patience->changing)
		return;
	patience->changing = true;
	patience->grace_ms = CHANGE_GRACE_MS;
	patience->deadline_ms = deadline_of(conf, conf->limits.lock_seconds + seconds);
	patience->hung_up = false; /* as above */
}

static void note_hangup(struct agent_patience *patience)
{
	int64_t end = clock_ms() + patience->grace_ms;

	patience->hung_up = true;
	if (end < patience->deadline_ms)
		patience->deadline_ms = end;
}

int agent_patience_await(struct agent_patience *patience, int pair, int session)
{
	for (;;) {
		/* Requests are not for us to read: of the session only its end is asked for, which
		 * poll(2) tells unasked. A negative fd is passed over. */
		struct pollfd polls[2] = {
			{.fd = pair, .events = POLLIN}, {.fd = patience->hung_up ? -1 : session}};
		int64_t left = patience->deadline_ms - clock_ms();
		int n;

		if (left <= 0)
			return patience->hung_up ? -ECONNABORTED : -ETIMEDOUT;
		n = poll(polls, 2, left < INT_MAX ? (int)left : INT_MAX);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && polls[1].revents)
			note_hangup(patience);
		if (n > 0 && polls[0].revents)
			return 0;
	}
}

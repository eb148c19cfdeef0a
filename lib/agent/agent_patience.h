/*
 * agent_patience - how long a monitor waits for a user's child: until a deadline, or until shortly
 * after the session has hung up.
 *
 * The child belongs to a user, who may stop it (SIGSTOP), or have it read a mailbox without end. No
 * monitor, which is root's and counts among those that may be there at once, waits for that.
 */
#ifndef AGENT_AGENT_PATIENCE_H
#define AGENT_AGENT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct conf;

struct agent_patience {
	int64_t deadline_ms; /* clock_ms() at which it ends */
	int64_t grace_ms;    /* how long it lasts when the session has hung up */
	bool changing;
	bool hung_up;
};

/* Until the child has become the user. */
void agent_patience_begin(struct agent_patience *patience, const struct conf *conf);

/* From now on: the child reads, and changes nothing, until clock_ms() is deadline_ms. */
void agent_patience_read(struct agent_patience *patience, int64_t deadline_ms);

/* From now on: the child changes the mailbox, for which it has so many seconds, and as many as
 * [limits] has for locks. Only the first time counts: a child can't ask for more and more. */
void agent_patience_change(
	struct agent_patience *patience, const struct conf *conf, uint64_t seconds);

/* Wait until there is something to receive from the pair. 0; -ETIMEDOUT: the deadline has passed;
 * -ECONNABORTED: the session hung up and the grace is over; or another -errno. session: -1: none.
 */
int agent_patience_await(struct agent_patience *patience, int pair, int session);

#endif

/*
 * policy_failures - who has failed to log in how often, and what follows from it for the next
 * attempt.
 *
 * Each attempt is counted as a failure before the password is looked at, in one transaction, and
 * taken back when it turns out to be none. So it helps nobody to hang up, or to try a hundred at
 * once; and a process that is killed in between has failed.
 *
 * An attempt counts for its source and for its user. Where the user has logged in before from this
 * source, the pair of them is known: it has a counter of its own, and no other matters, so that
 * neither strangers who try a user's password, nor a neighbour at the same address, shut out one
 * who was always there. That is also what keeps many users behind one address (a webmail) in.
 *
 * These functions work with LMDB: see policy_table.h for what that asks of the caller.
 */
#ifndef POLICY_POLICY_FAILURES_H
#define POLICY_POLICY_FAILURES_H

#include <stdint.h>

struct policy_rules {
	uint64_t source_failures; /* all at least 1 */
	uint64_t user_failures;
	uint64_t forget_seconds; /* in which one failure is forgotten */
};

struct policy_attempt {
	const char *path;   /* the table's file, locked */
	const char *source; /* a numeric address; any other text is no source, and not counted */
	const char *user;   /* the same however it was spelled; "": nobody that could exist, and
			       not counted */
	int64_t now;        /* seconds of CLOCK_REALTIME */
};

/* What an attempt was counted for, and, where it is refused, which of them is over its limit. */
enum policy_counter { POLICY_SOURCE = 1, POLICY_USER = 2, POLICY_PAIR = 4 };

struct policy_verdict {
	uint32_t refused;      /* enum policy_counter; 0: it may be looked at */
	uint32_t wait_seconds; /* refused: until one may be looked at again */
	uint32_t delay_ms;     /* else: how long this one has to wait */
	uint32_t counted;      /* enum policy_counter, several */
};

/*
 * Count an attempt, and say what is to be done with it. One that is refused is not counted, so that
 * a client that tries for ever gets in again. 0; -EUCLEAN: the file is no table of ours; or another
 * -errno: nothing was counted.
 */
int policy_failures_begin(const struct policy_rules *rules, const struct policy_attempt *attempt,
	struct policy_verdict *verdict);

enum policy_outcome {
	POLICY_NO_FAILURE, /* the password was not the reason */
	POLICY_SUCCESS,    /* the user is in; the pair is known from now on */
};

/* Take back what begin() has counted. Errors as above. */
int policy_failures_settle(const struct policy_rules *rules, const struct policy_attempt *attempt,
	const struct policy_verdict *verdict, enum policy_outcome outcome);

#endif

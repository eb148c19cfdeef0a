/*
 * agent_failures - the table of failed log-ins, as the monitor asks it.
 *
 * The table is there to slow guessing down. If it can't be asked, the log is told why, and the
 * log-in goes on as if there were none: a damaged file must not keep everybody out. Only where it
 * is not this attempt's turn for too long does the log-in not go on: else a crowd of guesses would
 * be what makes guessing free.
 */
#ifndef AGENT_AGENT_FAILURES_H
#define AGENT_AGENT_FAILURES_H

#include "agent/agent_monitor.h"
#include "policy/policy_failures.h"

struct agent_attempt {
	struct agent_monitor *monitor;
	const char *source; /* as in struct policy_attempt */
	const char *user;
	struct policy_verdict verdict;
	bool counted; /* there is a table, and it knows of this */
	bool crowded; /* there was no time to count it: nothing is to be looked at */
};

/* Count it and fill the verdict: all zero where it was not counted. */
void agent_failures_begin(struct agent_attempt *attempt);

/* It was no failure. */
void agent_failures_settle(struct agent_attempt *attempt, enum policy_outcome outcome);

#endif

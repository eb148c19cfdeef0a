/*
 * agent_child - one mailbox's work, done in a process that is its owner for good.
 */
#ifndef AGENT_AGENT_CHILD_H
#define AGENT_AGENT_CHILD_H

#include "account/account.h"
#include "agent/agent_pair.h"
#include "agent/agent_patience.h"
#include "agent/agent_spool_helper.h"

#include <sys/types.h>

struct spool_place;

/* What the child is to do. */
struct agent_child_plan {
	const struct conf *conf;
	const struct account *account;
	int fd; /* the only one, besides stderr and the pair, that it keeps */
	void (*work)(void *context, const struct spool_place *place, int fd, int pair);
	void *context;
	int session;             /* the connection of who waits for it; -1: nobody does */
	int64_t deadline_ms;     /* clock_ms() at which it is ended while it changes nothing */
	uint64_t change_seconds; /* how long it may change the mailbox, not counting locks */
	bool changes;            /* it does from the beginning; else it says so (CHANGE) */
	/* In the monitor, for each REPORT and each NOTE; its text has no control characters. */
	void (*report)(void *listener, const struct agent_pair_msg *msg);
	void (*note)(void *listener, const char *text);
	/* In the monitor: it had to be killed. */
	void (*killed)(void *listener, const char *reason);
	void *listener;
};

struct agent_child {
	pid_t pid;
	int pair;
	struct agent_spool_helper helper;
	struct agent_patience patience;
	const struct agent_child_plan *plan;
};

/* Start it. 0 once it has become the user; else -errno and *why, and there is no child. The plan
 * must live as long as the child. */
int agent_child_start(
	struct agent_child *child, const struct agent_child_plan *plan, struct why *why);

/* Do what it asks for until it ends, or is ended since it took too long or nobody waits for it any
 * more (agent_patience.h). When this returns it is gone. */
void agent_child_serve(struct agent_child *child);

#endif

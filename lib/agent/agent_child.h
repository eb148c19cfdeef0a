/*
 * agent_child - one mailbox's work, done in a process that is its owner for good.
 */
#ifndef AGENT_AGENT_CHILD_H
#define AGENT_AGENT_CHILD_H

#include "account/account.h"
#include "agent/agent_pair.h"
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
	/* In the monitor, for each REPORT and each NOTE; its text has no control characters. */
	void (*report)(void *listener, const struct agent_pair_msg *msg);
	void (*note)(void *listener, const char *text);
	void *listener;
};

struct agent_child {
	pid_t pid;
	int pair;
	struct agent_spool_helper helper;
	const struct agent_child_plan *plan;
};

/* Start it. 0 once it has become the user; else -errno and *why, and there is no child. The plan
 * must live as long as the child. */
int agent_child_start(
	struct agent_child *child, const struct agent_child_plan *plan, struct why *why);

/* Do what it asks for until it ends. */
void agent_child_serve(struct agent_child *child);

#endif

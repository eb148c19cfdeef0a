/*
 * agent_pair - what a user's child and the monitor say to each other on a private SOCK_SEQPACKET
 * pair.
 *
 *   op       from                     meaning
 *   READY    child                    it is the user now, or (error) could not become so; no answer
 *   TAKE     child, answered by error make the dotlock of this one mailbox
 *   RELEASE  child, answered by error remove it
 *   CREATE   child, answered by error make this one mailbox
 *   CHANGE   child                    from here on it changes the mailbox; no answer
 *   REPORT   child                    how an agent_op ended, for the log and the verdict; no answer
 *   NOTE     child                    what a person should see in the log: why.text; no answer
 *
 * There is no path and no name in it: the monitor knows the one mailbox. The child is the user and
 * not believed in anything that concerns others.
 */
#ifndef AGENT_AGENT_PAIR_H
#define AGENT_AGENT_PAIR_H

#include "base/why.h"

#include <stdint.h>

enum agent_pair_op {
	AGENT_PAIR_READY = 1,
	AGENT_PAIR_TAKE,
	AGENT_PAIR_RELEASE,
	AGENT_PAIR_CREATE,
	AGENT_PAIR_REPORT,
	AGENT_PAIR_NOTE,
	AGENT_PAIR_CHANGE,
};

struct agent_pair_msg {
	uint32_t op;
	uint32_t about; /* REPORT: enum agent_op */
	uint64_t count; /* REPORT: messages listed or removed */
	int32_t error;
	struct why why;
};

struct spool_helper;

/* The child's side. Fill helper so that its functions ask the monitor over this pair (*pair must
 * live on). */
void agent_pair_helper(struct spool_helper *helper, int *pair);

int agent_pair_ready(int pair, int error, const struct why *why);
int agent_pair_change(int pair);
int agent_pair_report(int pair, uint32_t about, uint64_t count, int error, const struct why *why);

/* For struct spool_place: context is a pointer to the pair, as with agent_pair_helper(). */
void agent_pair_note(void *context, const char *text);

#endif

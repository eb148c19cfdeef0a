/*
 * mend - carry out a plan (mend_plan.h) so that a crash at any instruction, or the power cut at any
 * write, leaves either all of it to be done or the rest of it to be finished. See mend.c.
 */
#ifndef SPOOL_MEND_H
#define SPOOL_MEND_H

#include "mbox.h"
#include "mend_plan.h"

/* Make the mailbox what the plan, which has edits, makes of it. Needs the lock; on disk when it
 * returns 0. *begun: it is no longer as it was, and on failure mend_recover() will finish it. 0, or
 * -errno with *why filled. */
int mend_run(const struct mbox *mbox, const struct mend_plan *plan, bool *begun, struct why *why);

/* Finish a repair that was begun, if there is one for this mailbox. Returns what cut_recover()
 * does. */
int mend_recover(const struct mbox *mbox, struct why *why);

#endif

/*
 * cut - remove messages by cutting blocks out of the mailbox, so that it costs little however large
 * the mailbox is; and so that a crash at any instruction, or the power cut at any write, leaves
 * either all of it to be done or the rest of it to be finished. See cut.c.
 */
#ifndef SPOOL_CUT_H
#define SPOOL_CUT_H

#include "cut_plan.h"

/*
 * Do what the plan says. Needs the lock; on disk when it returns 0. -EOPNOTSUPP (*why untouched):
 * this file system can't, and the mailbox is as it was. On another failure it is as it was, or
 * cut_recover() will finish it. Where the blocks of a hole could not be cut out after all, its
 * `len` is 0 afterwards.
 */
int cut_run(const struct mbox *mbox, struct cut_plan *plan, struct why *why);

/* Finish a removal that was begun, if there is one for this mailbox. Needs the lock. 1: there was,
 * and mbox->st may be out of date; 0: there was none; or -errno with *why filled. */
int cut_recover(const struct mbox *mbox, struct why *why);

#endif

/*
 * beside - the file that gets what a repair takes out of a mailbox, so that nothing is dropped.
 *
 *	# comment
 *	taken OFFSET LENGTH	LENGTH octets and an LF follow
 *	zeros OFFSET LENGTH	that many NULs: they need not follow
 *	added OFFSET LENGTH	what the mailbox got there: LENGTH octets and an LF follow
 *
 * Offsets are those of the old mailbox, in its order: what is not taken stays in between.
 */
#ifndef SPOOL_BESIDE_H
#define SPOOL_BESIDE_H

#include "mbox.h"
#include "mend_plan.h"

#define BESIDE_SUFFIX "damaged"

/*
 * Write it, on disk with its name when this returns: "MAILBOX.damaged", ".damaged.2" and so on,
 * what no other file is called; or, where that can't be done, the same under place->state. `path`
 * gets its name. Needs the lock. 0, or -errno with *why filled: then there is none.
 */
int beside_write(const struct mbox *mbox, const struct mend_plan *plan, char path[static PATH_MAX],
	struct why *why);

/* It is not needed: the mailbox stays as it was. */
void beside_remove(const char *path);

#endif

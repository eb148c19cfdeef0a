/*
 * journal - remove messages from the middle of a mailbox so that a crash at any instruction, or the
 * power cut at any write, leaves either all of it to be done or the rest of it to be finished. See
 * journal.c.
 */
#ifndef SPOOL_JOURNAL_H
#define SPOOL_JOURNAL_H

#include "journal_file.h"

/*
 * Keep the mailbox's first `start` octets and then these extents, in order. Needs the lock. On
 * failure the mailbox is as it was, or journal_recover() will finish it.
 */
int journal_run(const struct mbox *mbox, uint64_t start, const struct journal_extent *extents,
	size_t count, struct why *why);

/* Finish a removal that was begun, if there is one for this mailbox. Returns what cut_recover()
 * does. */
int journal_recover(const struct mbox *mbox, struct why *why);

#endif

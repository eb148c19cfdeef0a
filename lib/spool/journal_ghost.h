/*
 * journal_ghost - is the mailbox still the one that a journal's plan is about?
 *
 * A removal writes to the mailbox below its new size only, until the end is cut off. So what lies
 * from there to the old end, the ghost, is as it was for as long as the removal is not finished.
 * Its first 64 KB and its last 64 KB are hashed in the plan. The first are written over as soon as
 * anybody appends to the finished mailbox; the last are shifted by what another program puts in or
 * takes out anywhere in front of them.
 *
 * The part of it that is zeroed before the size is set, the brim, is known by itself (brim.h).
 */
#ifndef SPOOL_JOURNAL_GHOST_H
#define SPOOL_JOURNAL_GHOST_H

#include "journal_file.h"

/* Put the hashes into the plan. 0 or -errno. */
int journal_ghost_make(struct journal *journal);

/*
 * Is the mailbox, whose state is `st`, the plan's file and not yet cut off, with nothing behind the
 * plan's end but whole new messages? 1, 0 or -errno.
 */
int journal_ghost_matches(const struct journal *journal, const struct stat *st);

#endif

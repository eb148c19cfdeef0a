/*
 * cut_check - how far did a removal get whose journal was found, and is the mailbox still the one
 * that the journal is about?
 *
 * Each cut makes the file shorter, in a known order, so its size tells how many were made; unless
 * others have appended to it since. What does not change but moves is a mailbox's end: the last 4
 * KB of what is kept (the tail) and, as long as it is not cut off, the last 4 KB of what is not
 * (the rest). Where their hashes fit, and nothing follows but whole new messages, there the file's
 * old end is. The part of the rest that is zeroed before the size is set, the brim, is known by
 * itself (brim.h).
 */
#ifndef SPOOL_CUT_CHECK_H
#define SPOOL_CUT_CHECK_H

#include "cut_file.h"

struct cut_state {
	size_t made;       /* cuts: the first ones of the plan */
	bool is_shortened; /* the plan's end has been cut off */
	uint64_t size;     /* where the old mailbox ends now; what lies behind it was appended */
};

/* Before anything is done: put hashes and checksums into head and plan. 0 or -errno. */
int cut_check_make(struct cut_file *file);

/* 1: *state tells; 0: the mailbox, whose state is `st`, is not (or no longer) the plan's; or
 * -errno. */
int cut_check_find(const struct cut_file *file, const struct stat *st, struct cut_state *state);

/*
 * Does the end of what is kept lie where it must, now that `shift` octets are gone in front of it?
 * What would lie in front of `border` lies `more` octets further down (see cut_mend.h; 0: nothing
 * does). 1, 0 or -errno.
 */
int cut_check_tail(const struct cut_file *file, uint64_t shift, uint64_t border, uint64_t more);

/* All cuts are made: does what is kept around cut n lie where it must, at `hole` (the hole's place
 * now)? 1, 0 or -errno. */
int cut_check_place(const struct cut_file *file, size_t n, uint64_t hole);

#endif

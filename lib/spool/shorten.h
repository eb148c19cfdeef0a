/*
 * shorten - cut a mailbox's end off, so that the power may fail at any instant.
 *
 * One ftruncate(2) is no single step for a file system: the rest of the block that is the last one
 * then is zeroed on the disk, and the size set after that. A power cut in between leaves a mailbox
 * that is as long as it was, with zeros in place of a From_ line: they would belong to the message
 * in front of it. So a note (note.h) is on disk before.
 */
#ifndef SPOOL_SHORTEN_H
#define SPOOL_SHORTEN_H

#include "note.h"

/* What lies from `size` on goes, on disk when it returns. Needs the lock. 0 or -errno: then it is
 * still there, or shorten_recover() will finish it. */
int shorten(struct mbox *mbox, uint64_t size);

/* Finish what the note says was begun. Needs the lock. 0, or -errno with *why filled. */
int shorten_recover(struct mbox *mbox, const struct note *note, struct why *why);

#endif

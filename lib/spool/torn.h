/*
 * torn - what a power cut leaves of deliveries that were not yet acknowledged.
 *
 * Their fsync had not returned. So the size may be on the disk and the octets not: zeros, up to a
 * border of the disk's, in place of the message's begin, of all of it, or of anything in between.
 * Nothing that was promised is missing; but without a From_ line, what there is of the torn message
 * would belong to the one in front of it, or keep a new mailbox from being one.
 */
#ifndef SPOOL_TORN_H
#define SPOOL_TORN_H

#include "mbox.h"

/*
 * Zeros at the mailbox's end, behind an empty line or nothing at all, are cut off. Zeros at its
 * begin, or behind an empty line in its last part, become a From_ line with padding: what follows
 * them is a message of its own then. No other octet is changed (unless the zeros are fewer than a
 * From_ line has), and place->note is told. Needs the lock; brings mbox->st up to date. The middle
 * takes reading the last message, and is looked at only if `with_middle`. 0, or -errno with *why
 * filled.
 */
int torn_mend(struct mbox *mbox, bool with_middle, struct why *why);

#endif

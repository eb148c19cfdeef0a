/* mbox_remove - take messages out of a locked mailbox, keeping its inode. */
#ifndef SPOOL_MBOX_REMOVE_H
#define SPOOL_MBOX_REMOVE_H

#include "mbox.h"
#include "mbox_table.h"

/*
 * Remove the messages of `table` (a scan of the mailbox as it is now) whose bit is set, all or
 * nothing; on disk when it returns. *left, empty before, is then what a scan would find, its UIDLs
 * not numbered. On failure the mailbox is as it was, or mbox_recover() will finish it.
 */
int mbox_remove(struct mbox *mbox, const struct mbox_table *table, const unsigned char *bitmap,
	struct mbox_table *left, struct why *why);

#endif

/* set_aside - a journal that is not fit for its mailbox is kept under another name: it may hold the
 * only copy of a piece of mail. */
#ifndef SPOOL_SET_ASIDE_H
#define SPOOL_SET_ASIDE_H

#include "mbox.h"

/* Rename `journal` (a path) to "<journal>.orphan", or ".orphan.2" and so on, and tell place->note
 * so, with the reason. 0 or -errno. */
int set_aside(const struct mbox *mbox, const char *journal, const char *reason);

#endif

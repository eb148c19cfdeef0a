/*
 * removal - the journals that may be left under spool_place.state by who changes an mbox and is
 * killed: of a removal, one that cuts (cut.h) or one that moves (journal.h), or a repair's
 * (mend.h).
 */
#ifndef SPOOL_REMOVAL_H
#define SPOOL_REMOVAL_H

#include <stdbool.h>

#define REMOVAL_CUT  "cut" /* state_file_join()'s suffix */
#define REMOVAL_MOVE "journal"
#define REMOVAL_MEND "mend"

/* Has one begun that whoever opens the mailbox next must finish? True also if that can't be told.
 * `name`: state_file_name(). */
bool removal_is_begun(const char *state, const char *name);

/* Remove what one that was killed had not yet put in its place, of up to a mailbox's size. For
 * who has the session lock: nobody else could be writing it. */
void removal_drop_drafts(const char *state, const char *name);

#endif

/*
 * mbox_recover - mend what was left by a process that was killed, before anything else is done with
 * the lock.
 *
 * At most one of the three is there: whoever removes has taken back torn deliveries first, whoever
 * delivers has finished removals first. (But see move_appended() in cut.c, which leaves two of them
 * for an instant; what the journal does then is no hindrance to the other.)
 */
#include "mbox.h"

#include "append_note.h"
#include "cut.h"
#include "journal.h"

#include <errno.h>

int mbox_recover(struct mbox *mbox, struct why *why)
{
	int err = cut_recover(mbox, why);

	if (!err)
		err = journal_recover(mbox, why);
	if (!err)
		err = append_note_recover(mbox, why);
	if (err)
		return err;
	return fstat(mbox->fd, &mbox->st) < 0 ? why_errno(why, errno, mbox->path, "fstat") : 0;
}

/*
 * mbox_recover - mend what was left by a process that was killed, or by a power cut, before
 * anything else is done with the lock.
 *
 * At most one of the three is there, a removal that cuts, a removal that moves, or the note of a
 * delivery or of a shortening: whoever begins one has finished or taken back what was there. (But
 * see move_appended() in cut.c, which leaves two of them for an instant; what the journal does then
 * is no hindrance to the other.)
 */
#include "mbox.h"

#include "append_note.h"
#include "cut.h"
#include "journal.h"
#include "shorten.h"

#include <errno.h>

static int recover_by_note(struct mbox *mbox, struct why *why)
{
	struct note note;
	int err = note_read(mbox, &note);

	if (err)
		return why_errno(why, -err, mbox->path, "read the note of a delivery");
	if (note.kind == NOTE_APPEND)
		return append_note_recover(mbox, &note, why);
	return note.kind == NOTE_SHORTEN ? shorten_recover(mbox, &note, why) : 0;
}

int mbox_recover(struct mbox *mbox, struct why *why)
{
	int err = cut_recover(mbox, why);

	if (!err)
		err = journal_recover(mbox, why);
	if (!err)
		err = recover_by_note(mbox, why);
	if (!err && fstat(mbox->fd, &mbox->st) < 0)
		err = why_errno(why, errno, mbox->path, "fstat");
	return err ? err : shorten_zeros(mbox, why);
}

/*
 * mbox_recover - mend what was left by a process that was killed, or by a power cut, before
 * anything else is done with the lock.
 *
 * At most one of these is there, a removal that cuts, a removal that moves, a repair, or the note
 * of a delivery or of a shortening: whoever begins one has finished or taken back what was there.
 * (But see move_appended() in cut.c, which leaves two of them for an instant; what the journal does
 * then is no hindrance to the other.)
 */
#include "mbox.h"

#include "append_note.h"
#include "cut.h"
#include "journal.h"
#include "mend.h"
#include "shorten.h"
#include "torn.h"

#include <errno.h>

static int recover_by_note(struct mbox *mbox, const struct note *note, struct why *why)
{
	if (note->kind == NOTE_APPEND)
		return append_note_recover(mbox, note, why);
	return note->kind == NOTE_SHORTEN ? shorten_recover(mbox, note, why) : 0;
}

/* Once after each boot it is looked thoroughly. */
static int mend_torn(struct mbox *mbox, const struct note *note, struct why *why)
{
	mbox->is_unnoted = note_is_of_old(mbox, note);
	return torn_mend(mbox, mbox->is_unnoted, why);
}

int mbox_recover(struct mbox *mbox, struct why *why)
{
	struct note note;
	int err = cut_recover(mbox, why);

	if (!err)
		err = journal_recover(mbox, why);
	if (!err)
		err = mend_recover(mbox, why);
	if (err)
		return err;
	err = note_read(mbox, &note);
	if (err)
		return note_refuse(mbox, -err, "look for an interrupted delivery", why);
	err = recover_by_note(mbox, &note, why);
	if (!err && fstat(mbox->fd, &mbox->st) < 0)
		err = why_errno(why, errno, mbox->path, "fstat");
	return err ? err : mend_torn(mbox, &note, why);
}

void mbox_note_looked(struct mbox *mbox)
{
	struct note looked = {.kind = NOTE_NONE};

	if (mbox->is_unnoted && mbox->st.st_size > 0)
		(void)note_write(mbox, &looked, "", 0); /* else the next one looks, too */
}

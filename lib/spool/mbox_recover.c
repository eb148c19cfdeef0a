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

/* 1: there was one; 0: none; or -errno. */
static int recover_by_journals(const struct mbox *mbox, struct why *why)
{
	int (*const recover[])(const struct mbox *, struct why *) = {
		cut_recover, journal_recover, mend_recover};
	int changed = 0;

	for (size_t i = 0; i < sizeof(recover) / sizeof(*recover); i++) {
		int done = recover[i](mbox, why);

		if (done < 0)
			return done;
		changed |= done;
	}
	return changed;
}

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
	int changed = recover_by_journals(mbox, why);
	int err;

	if (changed < 0)
		return changed;
	err = note_read(mbox, &note);
	if (err)
		return note_refuse(mbox, -err, "look for an interrupted delivery", why);
	err = recover_by_note(mbox, &note, why);
	if (!err && (changed || note.kind != NOTE_NONE) && fstat(mbox->fd, &mbox->st) < 0)
		err = why_errno(why, errno, mbox->path, "fstat");
	return err ? err : mend_torn(mbox, &note, why);
}

void mbox_note_looked(struct mbox *mbox)
{
	struct note looked = {.kind = NOTE_NONE};

	if (mbox->is_unnoted && mbox->st.st_size > 0)
		(void)note_write(mbox, &looked, "", 0); /* else the next one looks, too */
}

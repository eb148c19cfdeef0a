/*
 * shorten - see shorten.h.
 *
 *	1. the note is written; fdatasync(note); fsync(its folder)
 *	2. ftruncate(mailbox); fsync(mailbox)
 *	3. the note is cleared
 *
 * Step 3 needs no sync: an old note is believed only where its mailbox is as large as it was, or
 * larger, and has zeros in place of some of what the note knows (brim.h). Where all of that is
 * still there nothing was cut off, and nothing will be.
 *
 * Others may have appended behind what was to be cut off: that is moved down (journal.h).
 */
#include "shorten.h"

#include "base/fd.h"
#include "brim.h"
#include "disk.h"
#include "journal.h"
#include "mbox_seam.h"

#include <errno.h>

static uint64_t end_of_brim(const struct note *note)
{
	return brim_end(note->end, note->old_size, note->block, NOTE_SECTORS);
}

/* Step 1. */
static int put_note(struct mbox *mbox, uint64_t size)
{
	struct note note = {.kind = NOTE_SHORTEN,
		.old_size = (uint64_t)mbox->st.st_size,
		.end = size,
		.block = (uint64_t)mbox->st.st_blksize};
	int err = brim_make(mbox->fd, size, end_of_brim(&note), NOTE_SECTORS, note.brim);

	if (!err)
		err = note_write(mbox, &note, "", 0);
	if (!err)
		err = disk_sync_data(mbox->note);
	return err ? err : fd_sync_dir(mbox->place->state); /* whoever made the file */
}

/* Step 2. */
static int cut_off(const struct mbox *mbox, uint64_t size)
{
	int err = disk_truncate(mbox->fd, size);

	return err ? err : disk_sync(mbox->fd);
}

int shorten(struct mbox *mbox, uint64_t size)
{
	int err = put_note(mbox, size);

	/* A full disk is what people remove mail for. */
	if (!err || err == -ENOSPC || err == -EDQUOT)
		err = cut_off(mbox, size);
	if (!err && mbox->note >= 0)
		(void)note_clear(mbox); /* if that fails the mailbox disproves the note */
	return err;
}

/* Was the mailbox being shortened when the power failed? 1, 0 or -errno. */
static int is_begun(const struct mbox *mbox, const struct note *note)
{
	int found;

	if (note->ino != mbox->st.st_ino || note->end >= note->old_size ||
		(uint64_t)mbox->st.st_size < note->old_size)
		return 0;
	found = brim_find(mbox->fd, note->end, end_of_brim(note), note->brim);
	return found < 0 ? found : found == BRIM_ZEROED;
}

static int finish(const struct mbox *mbox, const struct note *note, struct why *why)
{
	struct journal_extent appended = {
		note->old_size, (uint64_t)mbox->st.st_size - note->old_size};
	int seam;

	if (appended.length == 0)
		return cut_off(mbox, note->end);
	seam = mbox_seam_is(mbox->fd, note->old_size);
	return seam <= 0 ? seam : journal_run(mbox, note->end, &appended, 1, why);
}

int shorten_recover(struct mbox *mbox, const struct note *note, struct why *why)
{
	int err;

	if (fstat(mbox->fd, &mbox->st) < 0)
		return why_errno(why, errno, mbox->path, "fstat");
	err = is_begun(mbox, note);
	if (err > 0)
		err = finish(mbox, note, why);
	if (!err) /* step 2 may have been killed before its fsync */
		err = disk_sync(mbox->fd);
	if (!err)
		err = note_clear(mbox);
	return err ? note_refuse(mbox, -err, "finish an interrupted removal", why) : 0;
}

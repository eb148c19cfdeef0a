/*
 * shorten - see shorten.h.
 *
 *	1. the note is written; fdatasync(note), and fsync(its folder) if it is new
 *	2. ftruncate(mailbox); fsync(mailbox)
 *	3. the note is cleared
 *
 * Step 3 needs no sync: an old note is believed only where its mailbox has zeros where the note's
 *head was, up to a block's border, and is as large as it was or larger. Where the head is still
 *there nothing was cut off, and nothing will be.
 *
 * Others may have appended behind what was to be cut off: that is moved down (journal.h).
 */
#include "shorten.h"

#include "base/fd.h"
#include "disk.h"
#include "journal.h"
#include "mbox_seam.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_MAX 65536

static int put_note(struct mbox *mbox, uint64_t size)
{
	struct note note = {
		.kind = NOTE_SHORTEN, .old_size = (uint64_t)mbox->st.st_size, .end = size};
	char head[NOTE_HEAD];
	ssize_t len = fd_pread(mbox->fd, head, sizeof(head), size);
	bool made;
	int err;

	if (len < 0)
		return (int)len;
	err = note_write(mbox, &note, head, (size_t)len, &made);
	if (!err)
		err = disk_sync_data(mbox->note);
	return err || !made ? err : fd_sync_dir(mbox->place->state);
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

static int is_zero(const struct mbox *mbox, uint64_t offset)
{
	char octet = 'x';
	ssize_t len = fd_pread(mbox->fd, &octet, 1, offset);

	return len < 0 ? (int)len : octet == '\0';
}

/* Was the mailbox being shortened when the power failed? 1, 0 or -errno. */
static int is_begun(const struct mbox *mbox, const struct note *note, const struct stat *st)
{
	if (note->ino != st->st_ino || note->end >= note->old_size ||
		(uint64_t)st->st_size < note->old_size || note->head[0] == '\0')
		return 0;
	return is_zero(mbox, note->end);
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
	err = is_begun(mbox, note, &mbox->st);
	if (err > 0)
		err = finish(mbox, note, why);
	if (!err)
		err = note_clear(mbox);
	return err ? why_errno(why, -err, mbox->path, "finish an interrupted removal") : 0;
}

/* Where the zeros at the end of text[0..len) begin. */
static size_t zeros_begin(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\0')
		len--;
	return len;
}

/* Does text[0..len), the end of what is in front of the zeros, end in an empty line? */
static bool is_after_empty_line(const char *text, size_t len)
{
	size_t cr;

	if (len == 0 || text[len - 1] != '\n')
		return false;
	cr = len > 1 && text[len - 2] == '\r';
	return len > cr + 1 && text[len - 2 - cr] == '\n';
}

static void tell(const struct mbox *mbox, uint64_t octets)
{
	char text[PATH_MAX + 200];

	if (!mbox->place->note)
		return;
	snprintf(text, sizeof(text),
		"%s: ended in %llu zeros, as a power cut leaves them where a delivery had not yet "
		"been acknowledged; they were cut off",
		mbox->path, (unsigned long long)octets);
	mbox->place->note(mbox->place->note_context, text);
}

/* The zeros are less than a block; where they are more others have made them. */
static int cut_zeros(const struct mbox *mbox)
{
	uint64_t size = (uint64_t)mbox->st.st_size;
	size_t len = size < BLOCK_MAX ? (size_t)size : BLOCK_MAX;
	char *text = malloc(len);
	ssize_t got = text ? fd_pread(mbox->fd, text, len, size - len) : -ENOMEM;
	size_t begin = got > 0 ? zeros_begin(text, (size_t)got) : 0;
	bool fits = got == (ssize_t)len &&
		    (begin == 0 ? size == len : is_after_empty_line(text, begin));
	int err = got < 0 ? (int)got : 0;

	free(text);
	if (err || !fits)
		return err;
	err = cut_off(mbox, size - len + begin);
	if (!err)
		tell(mbox, len - begin);
	return err;
}

int shorten_zeros(struct mbox *mbox, struct why *why)
{
	uint64_t size = (uint64_t)mbox->st.st_size;
	int err = size > 0 ? is_zero(mbox, size - 1) : 0;

	if (err > 0) {
		err = cut_zeros(mbox);
		if (!err && fstat(mbox->fd, &mbox->st) < 0)
			err = -errno;
	}
	return err < 0 ? why_errno(why, -err, mbox->path, "cut off zeros at the end") : 0;
}

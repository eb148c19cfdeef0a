/*
 * mend - see mend.h.
 *
 *	1. fsync(mailbox): deliveries unlock before theirs, and the journal is about what is on disk
 *	2. room is set apart for all that the mailbox will have, and for its holes
 *	3. the new mailbox, from the first block on that changes, goes into the journal, whole, and
 *	   on disk (mend_file.h)
 *	4. the mailbox grows, if it will; it is written over; it shrinks, if it will
 *	5. fsync(mailbox)
 *	6. the journal is unlinked; fsync(its folder)
 *
 * With the journal on disk the repair will happen: whoever opens the mailbox next does 4 to 6, and
 * does no harm if that was done before. What others see meanwhile is what was damaged, and some of
 * it twice, or with holes.
 *
 * Is the mailbox still the journal's? Each sector that is written over has what it had, which its
 * checksum tells, or what it gets; a power cut leaves nothing else, nor does a kill: a write that
 * it cuts short ends where a page does. (But the last writes, of less than a sector each, may.)
 * Whatever else is there was written by others, who have rewritten the mailbox: then the journal is
 * put aside, and the mailbox not touched.
 *
 * Others, who know nothing of the journal, may only have appended. Where their mail begins the size
 * does not tell alone:
 *
 *	The mailbox grows. It is made that large at once, and with zeros, so what they have put
 *	behind the old end begins with a From_ line there, and what they have put behind the new
 *	one there.
 *	It shrinks. As long as it was not cut off, the begin of what will be is as it was, or zeros
 *	(brim.h); their mail is behind the old end. Else it is behind the new one.
 *
 * What is not where it will be becomes part of a new journal, which replaces the old in one rename;
 * no octet of it is in the mailbox only when the old end is written over.
 */
#include "mend.h"

#include "base/fd.h"
#include "checksum.h"
#include "disk.h"
#include "mbox_seam.h"
#include "mend_file.h"
#include "set_aside.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL 1024 /* what is left of this is written sector by sector */

/* What is to be done about the mailbox's size. */
enum resize { RESIZE_OTHERS, RESIZE_NONE, RESIZE_SET, RESIZE_AGAIN };

static size_t part_of(uint64_t left)
{
	if (left >= MEND_PIECE)
		return MEND_PIECE;
	if (left >= TAIL)
		return (size_t)(left / TAIL * TAIL);
	return left < BRIM_SECTOR ? (size_t)left : BRIM_SECTOR;
}

static int write_over(const struct mend_file *file, char *piece)
{
	uint64_t end = file->head.new_size;
	int err = 0;

	for (uint64_t at = file->head.start; !err && at < end;) {
		size_t len = part_of(end - at);

		err = mend_file_read(file, at, piece, len);
		if (!err)
			err = fd_pwrite(file->mbox->fd, piece, len, at);
		at += len;
	}
	return err;
}

/* Steps 4 to 6. */
static int finish(const struct mend_file *file, bool is_resized)
{
	const struct mend_head *head = &file->head;
	int fd = file->mbox->fd;
	char *piece = malloc(MEND_PIECE);
	int err = piece ? 0 : -ENOMEM;

	if (!err && is_resized && head->new_size > head->old_size)
		err = disk_truncate(fd, head->new_size);
	if (!err)
		err = write_over(file, piece);
	if (!err && is_resized && head->new_size < head->old_size)
		err = disk_truncate(fd, head->new_size);
	if (!err)
		err = disk_sync(fd);
	free(piece);
	return err ? err : mend_file_remove(file);
}

/* *where is the file that the failure is about. */
static int run(
	struct mend_file *file, const struct mend_plan *plan, bool *begun, const char **where)
{
	int err = disk_sync(file->mbox->fd);

	if (!err)
		err = disk_set_apart(file->mbox->fd, mend_plan_new_size(plan));
	if (!err) {
		err = mend_file_create(file, plan);
		*where = err ? file->path : *where;
	}
	/* Where only the folder's fsync has failed the journal may be found after a power cut, so
	 * it is not taken back: what was taken out must then stay in the file beside. */
	*begun = !err || access(file->path, F_OK) == 0;
	return err ? err : finish(file, true);
}

int mend_run(const struct mbox *mbox, const struct mend_plan *plan, bool *begun, struct why *why)
{
	struct mend_file file;
	const char *where = mbox->path;
	int err = mend_file_init(&file, mbox);

	*begun = false;
	if (!err)
		err = run(&file, plan, begun, &where);
	mend_file_done(&file);
	return err ? why_errno(why, -err, where, "repair") : 0;
}

/* Does the mailbox have in [from, to) what the journal says? Or nothing but zeros (`file` NULL)? 1,
 * 0 or -errno. */
static int has_there(
	const struct mbox *mbox, const struct mend_file *file, uint64_t from, uint64_t to)
{
	char mine[BRIM_SECTOR], theirs[BRIM_SECTOR] = "";
	int same = 1;

	while (same == 1 && from < to) {
		size_t len = to - from < sizeof(mine) ? (size_t)(to - from) : sizeof(mine);
		ssize_t got = fd_pread(mbox->fd, mine, len, from);
		int err = file && got >= 0 ? mend_file_read(file, from, theirs, len) : 0;

		if (got < 0 || err)
			return err ? err : (int)got;
		same = (size_t)got == len && memcmp(mine, theirs, len) == 0;
		from += len;
	}
	return same;
}

/* Octets that are nothing but the empty line between two messages may be anybody's. */
#define BLANK_MAX 4

static int find_grown(const struct mend_file *file, uint64_t size)
{
	const struct mbox *mbox = file->mbox;
	uint64_t old_size = file->head.old_size;
	uint64_t new_size = file->head.new_size;
	int is;

	if (size < new_size) {
		is = has_there(mbox, NULL, old_size, size);
		if (is)
			return is < 0 ? is : RESIZE_SET;
	} else {
		is = has_there(mbox, file, old_size, new_size);
		if (is < 0 || (is && (size == new_size || new_size - old_size > BLANK_MAX)))
			return is < 0 ? is : RESIZE_NONE;
	}
	is = mbox_seam_is(mbox->fd, old_size);
	if (is)
		return is < 0 ? is : RESIZE_AGAIN;
	is = size > new_size ? mbox_seam_is(mbox->fd, new_size) : size == new_size;
	return is < 0 ? is : is ? RESIZE_NONE : RESIZE_OTHERS;
}

static int find_shrunk(const struct mend_file *file, uint64_t size)
{
	const struct mend_head *head = &file->head;
	int found = size < head->old_size ? BRIM_OTHER
					  : brim_find(file->mbox->fd, head->new_size,
						    mend_file_ghost_end(file), head->ghost);
	int is;

	if (found < 0)
		return found;
	if (found != BRIM_OTHER)
		return size == head->old_size ? RESIZE_SET : RESIZE_AGAIN;
	if (head->new_size == 0) /* there is nothing to be written over */
		return RESIZE_NONE;
	is = size > head->new_size ? mbox_seam_is(file->mbox->fd, head->new_size)
				   : size == head->new_size;
	return is < 0 ? is : is ? RESIZE_NONE : RESIZE_OTHERS;
}

/* enum resize or -errno. */
static int find_size(const struct mend_file *file, const struct stat *st)
{
	const struct mend_head *head = &file->head;
	uint64_t size = (uint64_t)st->st_size;
	int is;

	if (st->st_ino != head->ino || size < mend_file_limit(file))
		return RESIZE_OTHERS;
	if (head->new_size > head->old_size)
		return size == head->old_size ? RESIZE_SET : find_grown(file, size);
	if (head->new_size < head->old_size)
		return find_shrunk(file, size);
	is = size > head->old_size ? mbox_seam_is(file->mbox->fd, head->old_size) : 1;
	return is < 0 ? is : is ? RESIZE_NONE : RESIZE_OTHERS;
}

/* Is each sector of it old or new? `at`: of mine[0]. */
static bool is_piece_known(
	const struct mend_file *file, uint64_t at, const char *mine, const char *theirs, size_t len)
{
	const struct mend_head *head = &file->head;
	const uint64_t *sum = file->sums + (at - head->start) / BRIM_SECTOR;
	uint64_t tail = head->start + (head->new_size - head->start) / TAIL * TAIL;

	for (size_t i = 0; i < len; i += BRIM_SECTOR, sum++) {
		size_t part = len - i < BRIM_SECTOR ? len - i : BRIM_SECTOR;

		if (memcmp(mine + i, theirs + i, part) != 0 &&
			checksum(0, mine + i, part) != *sum && at + i < tail)
			return false;
	}
	return true;
}

/* Is what is written over still the journal's? 1, 0 or -errno. */
static int is_known(const struct mend_file *file)
{
	uint64_t limit = mend_file_limit(file);
	char *pieces = malloc(2 * MEND_PIECE);
	int known = pieces ? 1 : -ENOMEM;

	for (uint64_t at = file->head.start; known == 1 && at < limit; at += MEND_PIECE) {
		size_t len = limit - at < MEND_PIECE ? (size_t)(limit - at) : MEND_PIECE;
		ssize_t got = fd_pread(file->mbox->fd, pieces, len, at);
		int err = mend_file_read(file, at, pieces + MEND_PIECE, len);

		if (got < 0 || err)
			known = err ? err : (int)got;
		else
			known = (size_t)got == len &&
				is_piece_known(file, at, pieces, pieces + MEND_PIECE, len);
	}
	free(pieces);
	return known;
}

/* Others have appended, and their mail is not yet where it will be. */
static int finish_again(const struct mend_file *old, uint64_t size)
{
	struct mend_file file;
	int err = mend_file_init(&file, old->mbox);

	if (!err)
		err = disk_sync(old->mbox->fd);
	if (!err)
		err = mend_file_create_again(&file, old, old->head.old_size, size);
	if (!err)
		err = finish(&file, true);
	mend_file_done(&file);
	return err;
}

static int replay(const struct mend_file *file)
{
	struct stat st;
	int resize = state_draft_settle(file->path, file->fd);
	int known;

	if (resize)
		return resize;
	if (fstat(file->mbox->fd, &st) < 0)
		return -errno;
	resize = find_size(file, &st);
	known = resize > RESIZE_OTHERS ? is_known(file) : 0;
	if (resize < 0 || known < 0)
		return resize < 0 ? resize : known;
	if (!known)
		return set_aside(file->mbox, file->path, "another program has changed the mailbox");
	if (resize == RESIZE_AGAIN)
		return finish_again(file, (uint64_t)st.st_size);
	return finish(file, resize == RESIZE_SET);
}

int mend_recover(const struct mbox *mbox, struct why *why)
{
	struct mend_file file;
	int err = mend_file_init(&file, mbox);

	if (!err)
		err = mend_file_load(&file);
	if (err == -EBADMSG)
		err = set_aside(mbox, file.path, "the journal is damaged");
	else if (!err)
		err = replay(&file);
	mend_file_done(&file);
	if (err == 0 || err == -ENOENT)
		return err == 0;
	return state_file_refuse(why, -err, mbox->path, "finish an interrupted repair", file.path);
}

/*
 * journal - see journal.h.
 *
 * What is kept is one stream: the extents one after the other, moved down to `start` piece by
 * piece, in order. Octet p of the stream comes from further up than where it goes, so writing one
 * piece never destroys what a later one is read from, only its own source. Hence, for each piece:
 *
 *	1. the piece goes into a slot of the journal; fdatasync(journal)
 *	2. the piece goes to its place in the mailbox; fdatasync(mailbox)
 *
 * in that order, because after 2 began the slot is the only whole copy; and 2 is on disk before the
 * next slot is written, because that one says that it is. The slots take turns, so the last good
 * one outlives a torn write. Whoever finds the journal writes the newest slot's piece again and
 * goes on. After the last piece:
 *
 *	3. a slot says DONE; fdatasync(journal)
 *	4. ftruncate(mailbox); fsync(mailbox)
 *	5. the journal is unlinked; fsync(its folder)
 *
 * Between 3 and 5 the reader of the journal must know whether 4 has happened, since deliveries may
 * follow. The ghost tells (journal_ghost.h). Programs that know nothing of the journal may have
 * appended to the half-moved file, behind the plan's end. That is then one more extent, in a new
 * plan that replaces the old in one rename.
 *
 * If the file is another one, or was rewritten, then the journal is about nothing that still
 * exists: it is put aside, with a note, and the mailbox is not touched.
 *
 * The journal may be damaged. Without a whole plan nothing is done. As to the slots, one that is
 * whole, n, proves that at most the piece of n + 1 was begun: n + 2 is on disk before its piece is
 * begun, and lies where n did. If n + 1 is not whole it is a torn write, and its piece was not
 * begun (1 comes before 2), or it was damaged later, and its piece may lie half over its own
 * source. The source's checksum, which slot n has, tells these apart. If it is right, to go on from
 * n is right in either case: piece n goes where it is already, and no piece that was begun touches
 * a later one's source. If it is not, the only copy was in the damaged slot, and the journal is put
 * aside. Where there is no whole slot the plan stands for n, as long as no second slot was begun
 * (journal_file.c).
 */
#include "journal.h"

#include "base/fd.h"
#include "checksum.h"
#include "disk.h"
#include "journal_ghost.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t kept(const struct journal *journal)
{
	return journal->plan.new_size - journal->plan.start;
}

/* Read the stream's octets from `moved` on into the slot, as many as fit. The length or -errno. */
static ssize_t gather(const struct journal *journal, uint64_t moved)
{
	char *to = (char *)(journal->slot + 1);
	size_t len = 0;

	for (uint64_t i = 0; i < journal->plan.extents && len < journal->plan.chunk; i++) {
		const struct journal_extent *extent = &journal->extents[i];
		uint64_t part;

		if (moved >= extent->length) {
			moved -= extent->length;
			continue;
		}
		part = extent->length - moved;
		if (part > journal->plan.chunk - len)
			part = journal->plan.chunk - len;
		ssize_t got = fd_pread(journal->mbox->fd, to + len, part, extent->offset + moved);
		if (got < 0)
			return got;
		if ((uint64_t)got < part)
			return -EIO; /* shrunk under our lock */
		len += part;
		moved = 0;
	}
	return (ssize_t)len;
}

/*
 * The checksum of the piece behind the stream's octet `moved` where it still lies; 0 if there is
 * none. Moving the piece in front of it does not touch it, so it may be taken before that, and
 * compared after a crash: a piece that does not have it was changed by others, or is half moved
 * already though its slot is lost.
 */
static int source_sum(struct journal *journal, uint64_t moved, uint64_t *out)
{
	ssize_t len = moved < kept(journal) ? gather(journal, moved) : 0;

	if (len < 0)
		return (int)len;
	*out = len > 0 ? checksum(0, journal->slot + 1, (size_t)len) : 0;
	return 0;
}

/* Step 2. */
static int put_piece(const struct journal *journal, uint64_t moved, uint64_t len)
{
	int fd = journal->mbox->fd;
	int err = fd_pwrite(fd, journal->slot + 1, len, journal->plan.start + moved);

	return err ? err : disk_sync_data(fd);
}

/* Steps 4 and 5. */
static int finish(const struct journal *journal)
{
	int err = disk_truncate(journal->mbox->fd, journal->plan.new_size);

	if (!err)
		err = disk_sync(journal->mbox->fd);
	return err ? err : journal_file_remove(journal);
}

/* Step 1: journal->slot gets the piece, and the checksum of the next one. Its length or -errno. */
static ssize_t keep_piece(struct journal *journal, uint64_t moved)
{
	uint64_t next_sum;
	uint64_t len = kept(journal) - moved;
	int err;

	if (len > journal->plan.chunk)
		len = journal->plan.chunk;
	err = source_sum(journal, moved + len, &next_sum);
	if (!err && gather(journal, moved) != (ssize_t)len)
		err = -EIO;
	if (!err)
		err = journal_file_write_slot(journal, JOURNAL_MOVE, moved, len, next_sum);
	return err ? err : (ssize_t)len;
}

/* All steps from the stream's octet `moved` on. *touched: the mailbox is no longer as it was. */
static int move(struct journal *journal, uint64_t moved, bool *touched)
{
	int err;

	while (moved < kept(journal)) {
		ssize_t len = keep_piece(journal, moved);

		if (len < 0)
			return (int)len;
		*touched = true;
		err = put_piece(journal, moved, (uint64_t)len);
		if (err)
			return err;
		moved += (uint64_t)len;
	}
	err = journal_file_write_slot(journal, JOURNAL_DONE, moved, 0, 0);
	return err ? err : finish(journal);
}

/* Make the journal, with smaller pieces where the disk has no room for large ones. */
static int create(struct journal *journal)
{
	int err;

	do {
		fd_close(&journal->fd);
		err = source_sum(journal, 0, &journal->plan.first_sum);
		if (!err)
			err = journal_file_create(journal);
	} while ((err == -ENOSPC || err == -EDQUOT) && journal_file_shrink(journal));
	return err;
}

int journal_run(const struct mbox *mbox, uint64_t start, const struct journal_extent *extents,
	size_t count, struct why *why)
{
	struct journal journal;
	bool touched = false;
	int err = journal_file_plan(
		&journal, mbox, start, extents, count, (uint64_t)mbox->st.st_size);

	if (!err)
		err = journal_ghost_make(&journal);
	/* Deliveries unlock before their fsync. The plan may not be on disk before the mailbox that
	 * it describes: after a power cut it would look like a plan for another file. */
	if (!err)
		err = disk_sync(mbox->fd);
	if (!err)
		err = create(&journal);
	if (!err)
		err = move(&journal, 0, &touched);
	/* Nothing was changed yet, and the caller will say that nothing was. */
	if (err && !touched && journal.fd >= 0)
		journal_file_remove(&journal);
	journal_file_done(&journal);
	return err ? why_errno(why, -err, journal_file_subject(&journal, err), "remove messages")
		   : 0;
}

/* The extents of `journal` behind the stream's octet `moved`, then what others have appended. */
static int plan_again(
	const struct journal *journal, uint64_t moved, uint64_t size, struct journal *again)
{
	const struct journal_plan *plan = &journal->plan;
	uint64_t start = plan->start + moved;
	struct journal_extent *rest = calloc(plan->extents + 1, sizeof(*rest));
	size_t count = 0;
	int err;

	if (!rest)
		return -ENOMEM;
	for (uint64_t i = 0; i < plan->extents; i++) {
		struct journal_extent extent = journal->extents[i];
		uint64_t skip = moved < extent.length ? moved : extent.length;

		moved -= skip;
		extent.offset += skip;
		extent.length -= skip;
		if (extent.length > 0)
			rest[count++] = extent;
	}
	rest[count++] = (struct journal_extent){plan->end, size - plan->end};
	err = journal_file_plan(again, journal->mbox, start, rest, count, size);
	free(rest);
	return err;
}

static int go_on_with_appended(const struct journal *journal, uint64_t moved, uint64_t size)
{
	struct journal again;
	bool touched;
	int err = plan_again(journal, moved, size, &again);

	if (!err)
		err = journal_ghost_make(&again);
	if (!err)
		err = disk_sync(journal->mbox->fd);
	if (!err)
		err = create(&again);
	if (!err)
		err = move(&again, 0, &touched);
	journal_file_done(&again);
	return err;
}

/* Is the piece behind the newest slot's still where and what it was? 1, 0 or -errno. Overwrites
 * journal->slot's piece, which is read again. */
static int is_next_intact(struct journal *journal, uint64_t moved)
{
	const struct journal_slot slot = *journal->slot;
	uint64_t want = slot.state ? slot.next_sum : journal->plan.first_sum;
	uint64_t sum = 0;
	int err;

	if (slot.state == JOURNAL_DONE)
		return 1;
	err = source_sum(journal, moved, &sum);
	if (!err)
		err = journal_file_reload(journal);
	return err ? err : sum == want;
}

/*
 * The mailbox is as the plan knows it, up to the newest slot. That slot's piece is written again
 * even if a newer slot is lost: it goes where it has gone already, and that is not where the next
 * one goes.
 */
static int go_on(struct journal *journal, uint64_t size)
{
	const struct journal_slot *slot = journal->slot;
	uint64_t moved = slot->moved + slot->len;
	bool touched;
	int err = is_next_intact(journal, moved);

	if (err == 0)
		return journal_file_set_aside(journal, "the journal is damaged");
	if (err < 0)
		return err;
	err = slot->state == JOURNAL_MOVE ? put_piece(journal, slot->moved, slot->len) : 0;
	if (err)
		return err;
	if (size > journal->plan.end)
		return go_on_with_appended(journal, moved, size);
	if (slot->state == JOURNAL_DONE)
		return finish(journal);
	return move(journal, moved, &touched);
}

/* Step 4 has happened, but whether its fsync has nobody knows. */
static int finish_done(const struct journal *journal)
{
	int err = disk_sync(journal->mbox->fd);

	return err ? err : journal_file_remove(journal);
}

static int replay(struct journal *journal)
{
	struct stat st;
	int matches = state_draft_settle(journal->path, journal->fd);

	if (matches)
		return matches;
	if (fstat(journal->mbox->fd, &st) < 0)
		return -errno;
	matches = journal_ghost_matches(journal, &st);
	if (matches < 0)
		return matches;
	if (matches)
		return go_on(journal, (uint64_t)st.st_size);
	if (journal->plan.ino == st.st_ino && journal->slot->state == JOURNAL_DONE)
		return finish_done(journal);
	return journal_file_set_aside(journal, "another program has changed the mailbox");
}

int journal_recover(const struct mbox *mbox, struct why *why)
{
	struct journal journal;
	int err = journal_file_load(&journal, mbox);

	if (err == -EBADMSG)
		err = journal_file_set_aside(&journal, "the journal is damaged");
	else if (!err)
		err = replay(&journal);
	journal_file_done(&journal);
	if (err == 0 || err == -ENOENT)
		return err == 0;
	return state_file_refuse(
		why, -err, mbox->path, "finish an interrupted removal", journal.path);
}

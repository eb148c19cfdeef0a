/* journal_file - see journal_file.h. Trusts what has the right checksum: the folder is its owner's
 * alone. */
#include "journal_file.h"

#include "base/fd.h"
#include "checksum.h"
#include "disk.h"
#include "removal.h"
#include "set_aside.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLAN_MAGIC 0x346e616c70786270u /* "pbxplan4" */
#define SLOT_MAGIC 0x32746f6c73786270u /* "pbxslot2" */
#define BLOCK      4096

/* A piece: all at once if it is little, else a quarter, so that the journal needs half of what it
 * moves. */
#define PIECE_WHOLE (256UL * 1024)
#define PIECE_MAX   (4UL * 1024 * 1024)
#define PIECE_MIN   4096UL

static uint64_t round_up(uint64_t size)
{
	return (size + BLOCK - 1) / BLOCK * BLOCK;
}

static uint64_t choose_chunk(uint64_t kept)
{
	/* Rounded down it would leave a fifth piece of three octets. */
	uint64_t quarter = (kept + 3) / 4;

	if (kept <= PIECE_WHOLE)
		return kept;
	if (quarter > PIECE_MAX)
		return PIECE_MAX;
	return quarter < PIECE_WHOLE ? PIECE_WHOLE : quarter;
}

static size_t extents_size(const struct journal *journal)
{
	return journal->plan.extents * sizeof(struct journal_extent);
}

static uint64_t slot_offset(const struct journal *journal, uint64_t seq)
{
	uint64_t stride = round_up(sizeof(struct journal_slot) + journal->plan.chunk);

	return round_up(sizeof(struct journal_plan) + extents_size(journal)) + seq % 2 * stride;
}

static uint64_t plan_sum(const struct journal *journal)
{
	uint64_t sum = checksum(0, &journal->plan, offsetof(struct journal_plan, sum));

	return checksum(sum, journal->extents, extents_size(journal));
}

static uint64_t slot_sum(const struct journal_slot *slot)
{
	uint64_t sum = checksum(0, slot, offsetof(struct journal_slot, sum));

	return checksum(sum, slot + 1, slot->len);
}

static int init(struct journal *journal, const struct mbox *mbox)
{
	int err;

	memset(journal, 0, sizeof(*journal));
	journal->mbox = mbox;
	journal->fd = -1;
	err = state_file_join(mbox->place->state, mbox->name, REMOVAL_MOVE, journal->path);
	state_draft_path(journal->path, journal->draft);
	return err;
}

static int make_slot(struct journal *journal)
{
	journal->slot = calloc(1, sizeof(struct journal_slot) + journal->plan.chunk);
	return journal->slot ? 0 : -ENOMEM;
}

int journal_file_plan(struct journal *journal, const struct mbox *mbox, uint64_t start,
	const struct journal_extent *extents, size_t count, uint64_t end)
{
	struct journal_plan *plan = &journal->plan;
	int err = init(journal, mbox);

	if (err)
		return err;
	plan->magic = PLAN_MAGIC;
	plan->ino = mbox->st.st_ino;
	plan->block = (uint64_t)mbox->st.st_blksize;
	plan->start = start;
	plan->new_size = start;
	plan->end = end;
	plan->extents = count;
	for (size_t i = 0; i < count; i++)
		plan->new_size += extents[i].length;
	plan->chunk = choose_chunk(plan->new_size - start);
	journal->extents = calloc(count + 1, sizeof(*extents));
	if (!journal->extents)
		return -ENOMEM;
	memcpy(journal->extents, extents, extents_size(journal));
	return make_slot(journal);
}

bool journal_file_shrink(struct journal *journal)
{
	if (journal->plan.chunk <= PIECE_MIN)
		return false;
	journal->plan.chunk =
		journal->plan.chunk / 4 > PIECE_MIN ? journal->plan.chunk / 4 : PIECE_MIN;
	return true;
}

static int write_plan(struct journal *journal)
{
	int err = disk_reserve(journal->fd, slot_offset(journal, 0) + 2 * slot_offset(journal, 1) -
						    2 * slot_offset(journal, 0));

	journal->plan.sum = plan_sum(journal);
	if (!err)
		err = fd_pwrite(journal->fd, &journal->plan, sizeof(journal->plan), 0);
	if (!err)
		err = fd_pwrite(journal->fd, journal->extents, extents_size(journal),
			sizeof(journal->plan));
	return err;
}

int journal_file_create(struct journal *journal)
{
	int err;

	journal->fd = state_draft_open(journal->path);
	if (journal->fd < 0)
		return journal->fd;
	err = write_plan(journal);
	if (!err)
		return state_draft_commit(journal->path, journal->fd);
	state_draft_drop(journal->path);
	return err;
}

static int load_plan(struct journal *journal)
{
	struct journal_plan *plan = &journal->plan;
	ssize_t len = fd_pread(journal->fd, plan, sizeof(*plan), 0);
	struct stat st;

	if (len < 0)
		return (int)len;
	if (fstat(journal->fd, &st) < 0)
		return -errno;
	/* No memory is asked for that the file can't fill. */
	if ((size_t)len < sizeof(*plan) || plan->magic != PLAN_MAGIC ||
		plan->extents > (uint64_t)st.st_size / sizeof(struct journal_extent) ||
		plan->chunk > PIECE_MAX || plan->chunk == 0 || plan->block == 0)
		return -EBADMSG;
	journal->extents = calloc(plan->extents + 1, sizeof(struct journal_extent));
	if (!journal->extents)
		return -ENOMEM;
	len = fd_pread(journal->fd, journal->extents, extents_size(journal), sizeof(*plan));
	if (len < 0)
		return (int)len;
	return (size_t)len < extents_size(journal) || plan->sum != plan_sum(journal) ? -EBADMSG : 0;
}

/* Read slot 0 or 1 into journal->slot. 1: it is whole and newer than `seq`; 0: it is not; or
 * -errno. */
static int load_slot(struct journal *journal, unsigned which, uint64_t seq)
{
	struct journal_slot *slot = journal->slot;
	ssize_t len = fd_pread(journal->fd, slot, sizeof(*slot) + journal->plan.chunk,
		slot_offset(journal, which));

	if (len < 0)
		return (int)len;
	return (size_t)len >= sizeof(*slot) && slot->magic == SLOT_MAGIC &&
	       slot->plan_sum == journal->plan.sum && slot->len <= (size_t)len - sizeof(*slot) &&
	       slot->seq % 2 == which && slot->seq >= seq && slot->sum == slot_sum(slot);
}

/*
 * No slot is whole. If that is because the first one was never finished, then no other was begun,
 * and where the second one's header goes there are the zeros that were reserved.
 */
static int check_none_begun(const struct journal *journal)
{
	static const struct journal_slot none;
	struct journal_slot second;
	ssize_t len = fd_pread(journal->fd, &second, sizeof(second), slot_offset(journal, 1));

	if (len < 0)
		return (int)len;
	return memcmp(&second, &none, (size_t)len) == 0 ? 0 : -EBADMSG;
}

static int load_newest_slot(struct journal *journal)
{
	int first = load_slot(journal, 0, 0);
	uint64_t seq = first > 0 ? journal->slot->seq : 0;
	int second = first < 0 ? first : load_slot(journal, 1, seq);

	if (second == 0 && first > 0)
		second = load_slot(journal, 0, 0);
	if (second > 0)
		journal->seq = journal->slot->seq + 1;
	if (second != 0)
		return second < 0 ? second : 0;
	memset(journal->slot, 0, sizeof(*journal->slot));
	return check_none_begun(journal);
}

int journal_file_reload(struct journal *journal)
{
	uint64_t seq = journal->slot->seq;
	bool any = journal->slot->state != 0;
	int err = load_newest_slot(journal);

	if (err)
		return err;
	return any && (journal->slot->state == 0 || journal->slot->seq != seq) ? -EIO : 0;
}

int journal_file_load(struct journal *journal, const struct mbox *mbox)
{
	int err = init(journal, mbox);

	if (err)
		return err;
	journal->fd = state_file_open(journal->path, 0);
	if (journal->fd < 0)
		return journal->fd;
	err = load_plan(journal);
	if (!err)
		err = make_slot(journal);
	return err ? err : load_newest_slot(journal);
}

int journal_file_write_slot(struct journal *journal, enum journal_state state, uint64_t moved,
	uint64_t len, uint64_t next_sum)
{
	struct journal_slot *slot = journal->slot;
	uint64_t seq = journal->seq++;
	int err;

	slot->magic = SLOT_MAGIC;
	slot->plan_sum = journal->plan.sum;
	slot->seq = seq;
	slot->moved = moved;
	slot->len = len;
	slot->state = state;
	slot->next_sum = next_sum;
	slot->sum = slot_sum(slot);
	err = fd_pwrite(journal->fd, slot, sizeof(*slot) + len, slot_offset(journal, seq));
	return err ? err : disk_sync_data(journal->fd);
}

int journal_file_remove(const struct journal *journal)
{
	if (unlink(journal->path) < 0 && errno != ENOENT)
		return -errno;
	return fd_sync_parent(journal->path);
}

int journal_file_set_aside(const struct journal *journal, const char *reason)
{
	return set_aside(journal->mbox, journal->path, reason);
}

const char *journal_file_subject(const struct journal *journal, int err)
{
	struct stat st;

	if (err != -EISDIR)
		return journal->mbox->path;
	return lstat(journal->draft, &st) == 0 && S_ISDIR(st.st_mode) ? journal->draft
								      : journal->path;
}

void journal_file_done(struct journal *journal)
{
	fd_close(&journal->fd);
	free(journal->extents);
	free(journal->slot);
	journal->extents = NULL;
	journal->slot = NULL;
}

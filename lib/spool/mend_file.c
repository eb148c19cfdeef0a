/* mend_file - see mend_file.h. Trusts what has the right checksums: the folder is its owner's
 * alone. */
#include "mend_file.h"

#include "base/fd.h"
#include "checksum.h"
#include "disk.h"
#include "removal.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x31646e656d786270u /* "pbxmend1" */
#define BLOCK 4096

/* The octets of the new mailbox, on their way into the journal. Its sum is that of whole pieces. */
struct writing {
	struct mend_file *file;
	const struct mend_file *old; /* where octets come from, or NULL: the mailbox */
	uint64_t at;                 /* offset in the journal */
	size_t len;
	char piece[MEND_PIECE];
	char other[MEND_PIECE];
};

uint64_t mend_file_limit(const struct mend_file *file)
{
	const struct mend_head *head = &file->head;

	return head->new_size < head->old_size ? head->new_size : head->old_size;
}

uint64_t mend_file_ghost_end(const struct mend_file *file)
{
	const struct mend_head *head = &file->head;
	uint64_t end = (head->new_size / BRIM_SECTOR + BRIM_SECTORS) * BRIM_SECTOR;

	return end < head->old_size ? end : head->old_size;
}

static size_t sums_count(const struct mend_file *file)
{
	uint64_t octets = mend_file_limit(file) - file->head.start;

	return (size_t)((octets + BRIM_SECTOR - 1) / BRIM_SECTOR);
}

static uint64_t text_at(const struct mend_file *file)
{
	return sizeof(file->head) + sums_count(file) * sizeof(*file->sums);
}

static uint64_t head_sum(const struct mend_head *head)
{
	return checksum(0, head, offsetof(struct mend_head, sum));
}

int mend_file_init(struct mend_file *file, const struct mbox *mbox)
{
	*file = (struct mend_file){.mbox = mbox, .fd = -1};
	return state_file_join(mbox->place->state, mbox->name, REMOVAL_MEND, file->path);
}

static int flush(struct writing *writing)
{
	struct mend_file *file = writing->file;
	int err;

	if (writing->len == 0)
		return 0;
	file->head.text_sum = checksum(file->head.text_sum, writing->piece, writing->len);
	err = fd_pwrite(file->fd, writing->piece, writing->len, writing->at);
	writing->at += writing->len;
	writing->len = 0;
	return err;
}

static int put_text(struct writing *writing, const char *text, size_t len)
{
	int err = 0;

	while (!err && len > 0) {
		size_t room = MEND_PIECE - writing->len;
		size_t part = len < room ? len : room;

		memcpy(writing->piece + writing->len, text, part);
		writing->len += part;
		text += part;
		len -= part;
		if (writing->len == MEND_PIECE)
			err = flush(writing);
	}
	return err;
}

static int read_mailbox(const struct mend_file *file, uint64_t offset, char *text, size_t len)
{
	ssize_t got = fd_pread(file->mbox->fd, text, len, offset);

	if (got < 0)
		return (int)got;
	return (size_t)got < len ? -EIO : 0; /* shrunk under our lock */
}

/* Octets of the mailbox, or of the journal before. */
static int put_octets(struct writing *writing, uint64_t offset, uint64_t len)
{
	int err = 0;

	while (!err && len > 0) {
		size_t part = len < MEND_PIECE ? (size_t)len : MEND_PIECE;

		err = writing->old ? mend_file_read(writing->old, offset, writing->other, part)
				   : read_mailbox(writing->file, offset, writing->other, part);
		if (!err)
			err = put_text(writing, writing->other, part);
		offset += part;
		len -= part;
	}
	return err;
}

static int put(void *context, const char *text, uint64_t offset, uint64_t len)
{
	return text ? put_text(context, text, (size_t)len) : put_octets(context, offset, len);
}

/* Whole pieces begin at `start`, which is on a sector's border. */
static int make_sums(struct mend_file *file, char *piece)
{
	uint64_t limit = mend_file_limit(file);
	uint64_t *sum = file->sums;

	for (uint64_t at = file->head.start; at < limit; at += MEND_PIECE) {
		size_t len = limit - at < MEND_PIECE ? (size_t)(limit - at) : MEND_PIECE;
		int err = read_mailbox(file, at, piece, len);

		if (err)
			return err;
		for (size_t i = 0; i < len; i += BRIM_SECTOR)
			*sum++ = checksum(
				0, piece + i, len - i < BRIM_SECTOR ? len - i : BRIM_SECTOR);
	}
	file->head.sums_sum = checksum(0, file->sums, sums_count(file) * sizeof(*file->sums));
	return 0;
}

static int write_head(struct mend_file *file)
{
	struct mend_head *head = &file->head;
	int err = head->new_size < head->old_size
			  ? brim_make(file->mbox->fd, head->new_size, mend_file_ghost_end(file),
				    BRIM_SECTORS, head->ghost)
			  : 0;

	head->sum = head_sum(head);
	if (!err)
		err = fd_pwrite(file->fd, file->sums, sums_count(file) * sizeof(*file->sums),
			sizeof(*head));
	return err ? err : fd_pwrite(file->fd, head, sizeof(*head), 0);
}

/* The draft is open, sizes and start are known. fill() puts the new mailbox from `start` on. */
static int write_all(struct writing *writing,
	int (*fill)(struct writing *writing, const void *context), const void *context)
{
	struct mend_file *file = writing->file;
	int err;

	file->sums = calloc(sums_count(file) + 1, sizeof(*file->sums));
	if (!file->sums)
		return -ENOMEM;
	writing->at = text_at(file);
	err = fill(writing, context);
	if (!err)
		err = flush(writing);
	if (!err && writing->at - text_at(file) != file->head.new_size - file->head.start)
		err = -EIO; /* the mailbox is not what the plan was made of */
	if (!err)
		err = make_sums(file, writing->other);
	return err ? err : write_head(file);
}

/* What was there under its name is replaced in one step. */
static int create(struct mend_file *file, const struct mend_file *old,
	int (*fill)(struct writing *writing, const void *context), const void *context)
{
	struct writing *writing = calloc(1, sizeof(*writing));
	int err;

	if (!writing)
		return -ENOMEM;
	writing->file = file;
	writing->old = old;
	file->head.magic = MAGIC;
	file->head.ino = file->mbox->st.st_ino;
	file->fd = state_draft_open(file->path);
	err = file->fd < 0 ? file->fd : write_all(writing, fill, context);
	free(writing);
	if (!err)
		return state_draft_commit(file->path, file->fd);
	if (file->fd >= 0)
		state_draft_drop(file->path);
	return err;
}

static int fill_from_plan(struct writing *writing, const void *context)
{
	const struct mend_plan *plan = context;
	uint64_t start = writing->file->head.start;
	int err = put_octets(writing, start, plan->edits[0].offset - start);

	return err ? err : mend_plan_each(plan, put, writing);
}

int mend_file_create(struct mend_file *file, const struct mend_plan *plan)
{
	file->head.start = plan->edits[0].offset / BLOCK * BLOCK;
	file->head.old_size = plan->size;
	file->head.new_size = mend_plan_new_size(plan);
	return create(file, NULL, fill_from_plan, plan);
}

/* What others have appended to the mailbox. */
struct appended {
	uint64_t from;
	uint64_t size;
	const char *separator; /* what must be in front of it, for its From_ line to be one */
};

static int fill_again(struct writing *writing, const void *context)
{
	const struct appended *appended = context;
	const struct mend_head *head = &writing->old->head;
	int err = put_octets(writing, head->start, head->new_size - head->start);

	if (!err)
		err = put_text(writing, appended->separator, strlen(appended->separator));
	writing->old = NULL;
	return err ? err : put_octets(writing, appended->from, appended->size - appended->from);
}

/* A message begins behind an empty line. What the new mailbox ends in need not be what the old one
 * did, and which of two line ends was written by whom can't always be told. */
static int find_separator(const struct mend_file *old, struct appended *appended)
{
	const struct mend_head *head = &old->head;
	char end[2] = "\n\n"; /* a file's begin is as good as an empty line */
	size_t len = head->new_size - head->start < 2 ? (size_t)(head->new_size - head->start) : 2;
	char first = '\n';
	int err = mend_file_read(old, head->new_size - len, end + 2 - len, len);

	if (!err)
		err = read_mailbox(old, appended->from, &first, 1);
	appended->separator = first == '\n' || (end[0] == '\n' && end[1] == '\n') ? "" : "\n";
	return err;
}

int mend_file_create_again(
	struct mend_file *file, const struct mend_file *old, uint64_t from, uint64_t size)
{
	struct appended appended = {.from = from, .size = size};
	int err = find_separator(old, &appended);

	if (err)
		return err;
	file->head.start = old->head.start;
	file->head.old_size = size;
	file->head.new_size = old->head.new_size + strlen(appended.separator) + size - from;
	return create(file, old, fill_again, &appended);
}

/* 0; -EBADMSG: the file ends before that; or another -errno. */
static int read_part(const struct mend_file *file, void *out, size_t len, uint64_t at)
{
	ssize_t got = fd_pread(file->fd, out, len, at);

	if (got < 0)
		return (int)got;
	return (size_t)got < len ? -EBADMSG : 0;
}

int mend_file_read(const struct mend_file *file, uint64_t offset, char *text, size_t len)
{
	return read_part(file, text, len, text_at(file) + offset - file->head.start);
}

static int check_text(const struct mend_file *file)
{
	const struct mend_head *head = &file->head;
	char *piece = malloc(MEND_PIECE);
	uint64_t sum = 0;
	int err = piece ? 0 : -ENOMEM;

	for (uint64_t at = head->start; !err && at < head->new_size; at += MEND_PIECE) {
		uint64_t left = head->new_size - at;
		size_t len = left < MEND_PIECE ? (size_t)left : MEND_PIECE;

		err = mend_file_read(file, at, piece, len);
		if (!err)
			sum = checksum(sum, piece, len);
	}
	free(piece);
	return err ? err : sum == head->text_sum ? 0 : -EBADMSG;
}

/* No memory is asked for that the file can't fill. */
static int load(struct mend_file *file)
{
	struct mend_head *head = &file->head;
	size_t count;
	struct stat st;
	int err = read_part(file, head, sizeof(*head), 0);

	if (err)
		return err;
	if (head->magic != MAGIC || head->sum != head_sum(head) || head->start % BLOCK != 0 ||
		head->start > head->old_size || head->start > head->new_size)
		return -EBADMSG;
	if (fstat(file->fd, &st) < 0)
		return -errno;
	count = sums_count(file);
	if (count > (uint64_t)st.st_size / sizeof(*file->sums))
		return -EBADMSG;
	file->sums = calloc(count + 1, sizeof(*file->sums));
	if (!file->sums)
		return -ENOMEM;
	err = read_part(file, file->sums, count * sizeof(*file->sums), sizeof(*head));
	if (!err && checksum(0, file->sums, count * sizeof(*file->sums)) != head->sums_sum)
		err = -EBADMSG;
	return err ? err : check_text(file);
}

int mend_file_load(struct mend_file *file)
{
	file->fd = state_file_open(file->path, 0);
	return file->fd < 0 ? file->fd : load(file);
}

int mend_file_remove(const struct mend_file *file)
{
	if (unlink(file->path) < 0 && errno != ENOENT)
		return -errno;
	return fd_sync_parent(file->path);
}

void mend_file_done(struct mend_file *file)
{
	fd_close(&file->fd);
	free(file->sums);
	file->sums = NULL;
}

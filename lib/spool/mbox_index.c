/*
 * mbox_index - see mbox_index.h.
 *
 * What is checked, in this order, and what each check is for:
 *
 *	1. The file is regular, with one link, of this very user's and writable by nobody else: what
 *	   others made is not looked at.
 *	2. Magic, the kind of UIDL, checksums of head and rows: it was written to its end by this
 *	   version. There is no sync and no rename; a torn one has wrong sums.
 *	3. Each row keeps within the mailbox's size and follows the one before
 *	   (mbox_index_row.h): no row, whoever wrote it, makes anybody read outside of the
 *	   mailbox or write into it.
 *	4. Inode, size, mtime and ctime are those of the mailbox now, and were old when it was
 *	   scanned (stamp.h): nobody has written to it since, since nobody can set a ctime
 *	   back. Then the table is what a scan would find.
 *	5. If not, but it is the same inode, and larger, and no message was removed through
 *	   libspool since (generation.h, which a power cut may set back: so in this boot), and
 *	   its first block and the one that was its last are what they were: then it has grown.
 *	   What is new is scanned, from the last message that was known on, and must begin with
 *	   that message: a From_ line behind an empty line there, and the same unique-id.
 *	6. In all other cases it is scanned.
 *
 * Of these, 5 believes more than it sees: octets in the middle may have changed. Other programs
 * that remove or change mail move what lies behind, and with it the last block (libspool itself may
 * leave it where it was). Two that write in place are known, Dovecot and c-client, and what they
 * write there are flags (Status, X-Status), which are in no UIDL and move no border. Where a
 * message was found in this way, whoever fetches or removes it looks whether it lies there first
 * (mbox_store.c).
 */
#include "mbox_index.h"

#include "base/fd.h"
#include "checksum.h"
#include "generation.h"
#include "mbox_index_row.h"
#include "note.h"
#include "stamp.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sha256.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x3478646e69786270u /* "pbxindx4" */
#define BLOCK 4096

static uint64_t head_sum(const struct mbox_index_head *head)
{
	return checksum(0, head, offsetof(struct mbox_index_head, sum));
}

/* The index's fd or -errno. */
static int open_index(const struct spool_place *place, const char *name, int flags)
{
	char path[PATH_MAX];
	int err = place->cache ? state_file_join(place->cache, name, "index", path) : -ENOENT;

	return err ? err : state_file_open(path, flags);
}

static bool is_ours(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	*size = (uint64_t)st.st_size;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_head(const struct mbox_index_head *head, enum spool_uidl uidl, uint64_t size)
{
	return head->magic == MAGIC && head->sum == head_sum(head) &&
	       head->uidl == (uint64_t)uidl && head->count <= MBOX_MESSAGES_MAX &&
	       head->rows_len <= size - sizeof(*head) &&
	       head->rows_len <= head->count * MBOX_INDEX_ROW_MAX;
}

static struct mbox_index_rows rows_of(const struct mbox_index *index)
{
	const struct mbox_index_head *head = &index->head;

	return (struct mbox_index_rows){.at = index->rows,
		.len = head->rows_len,
		.count = head->count,
		.first = head->first,
		.size = head->size};
}

static bool read_rows(struct mbox_index *index, int fd)
{
	const struct mbox_index_head *head = &index->head;
	struct mbox_index_rows rows;

	index->rows = malloc(head->rows_len + 1);
	rows = rows_of(index);
	return index->rows &&
	       fd_pread(fd, index->rows, head->rows_len, sizeof(*head)) ==
		       (ssize_t)head->rows_len &&
	       checksum_large(index->rows, head->rows_len) == head->rows_sum &&
	       mbox_index_check(&rows, &index->octets);
}

static bool read_index(struct mbox_index *index, int fd, enum spool_uidl uidl)
{
	uint64_t size;

	return is_ours(fd, &size) && size >= sizeof(index->head) &&
	       fd_pread(fd, &index->head, sizeof(index->head), 0) == sizeof(index->head) &&
	       is_head(&index->head, uidl, size) && read_rows(index, fd);
}

void mbox_index_drop(const struct spool_place *place, const char *name)
{
	char path[PATH_MAX];

	if (place->cache && state_file_join(place->cache, name, "index", path) == 0)
		unlink(path);
}

void mbox_index_done(struct mbox_index *index)
{
	free(index->rows);
	index->rows = NULL;
}

bool mbox_index_read(struct mbox_index *index, const struct spool_place *place, const char *name)
{
	int fd = open_index(place, name, 0);
	bool read;

	if (fd < 0)
		return false;
	index->rows = NULL;
	read = read_index(index, fd, place->uidl);
	if (!read)
		mbox_index_done(index);
	fd_close(&fd);
	return read;
}

void mbox_index_table(const struct mbox_index *index, struct mbox_table *table)
{
	const struct mbox_index_rows rows = rows_of(index);

	mbox_index_fill(&rows, table);
}

bool mbox_index_is_current(const struct mbox_index *index, const struct stat *st)
{
	const struct mbox_index_head *head = &index->head;

	return head->ino == st->st_ino && head->size == (uint64_t)st->st_size &&
	       head->mtime_ns == stamp_ns(&st->st_mtim) && head->ctime_ns == stamp_ns(&st->st_ctim);
}

/* Hash a block at `offset`, of a file that ends at `size` or did. */
static bool hash_block(int fd, uint64_t offset, uint64_t size, unsigned char out[static 32])
{
	char block[BLOCK];
	uint64_t left = size - offset;
	size_t want = left < sizeof(block) ? (size_t)left : sizeof(block);
	SHA256_CTX sha;

	if (fd_pread(fd, block, want, offset) != (ssize_t)want)
		return false;
	SHA256_Init(&sha);
	SHA256_Update(&sha, (const uint8_t *)block, want);
	SHA256_Final(out, &sha);
	return true;
}

static bool hash_ends(
	int fd, uint64_t size, unsigned char begin[static 32], unsigned char end[static 32])
{
	return hash_block(fd, 0, size, begin) &&
	       hash_block(fd, size > BLOCK ? size - BLOCK : 0, size, end);
}

static bool is_same_generation(const struct mbox_index_head *head, const struct mbox *mbox)
{
	return head->generation != 0 && note_is_this_boot(head->boot) &&
	       head->generation == generation_get(mbox->place->state, mbox->name);
}

bool mbox_index_is_begin(const struct mbox_index *index, const struct mbox *mbox)
{
	const struct mbox_index_head *head = &index->head;
	unsigned char begin[32], end[32];

	return head->count > 0 && head->ino == mbox->st.st_ino &&
	       head->size < (uint64_t)mbox->st.st_size && is_same_generation(head, mbox) &&
	       hash_ends(mbox->fd, head->size, begin, end) && memcmp(begin, head->begin, 32) == 0 &&
	       memcmp(end, head->end, 32) == 0;
}

static bool make_head(struct mbox_index_head *head, const struct mbox *mbox,
	const struct mbox_table *table, const unsigned char *rows, size_t len)
{
	head->magic = MAGIC;
	head->uidl = (uint64_t)mbox->place->uidl;
	head->count = table->len;
	head->first = table->len > 0 ? table->at[0].from : 0;
	head->ino = mbox->st.st_ino;
	head->size = table->size;
	head->mtime_ns = stamp_ns(&mbox->st.st_mtim);
	head->ctime_ns = stamp_ns(&mbox->st.st_ctim);
	head->generation = generation_get(mbox->place->state, mbox->name);
	head->boot = note_boot();
	head->rows_len = len;
	head->rows_sum = checksum_large(rows, len);
	if (!hash_ends(mbox->fd, table->size, head->begin, head->end))
		return false;
	head->sum = head_sum(head);
	return true;
}

/* How many octets of the rows, in whole blocks, are in the file already. */
static size_t same_begin(const struct mbox_index *old, const unsigned char *rows, size_t len)
{
	size_t most = old && old->head.rows_len < len ? (size_t)old->head.rows_len : len;
	size_t same = 0;

	while (old && most - same >= BLOCK && memcmp(old->rows + same, rows + same, BLOCK) == 0)
		same += BLOCK;
	return same;
}

/* Killed anywhere in here, the sums are wrong. */
static void write_index(
	int fd, const struct mbox_index_head *head, const unsigned char *rows, size_t same)
{
	int err = fd_pwrite(fd, rows + same, head->rows_len - same, sizeof(*head) + same);

	if (!err)
		err = fd_pwrite(fd, head, sizeof(*head), 0);
	if (err || ftruncate(fd, (off_t)(sizeof(*head) + head->rows_len)) < 0)
		return; /* what is behind the rows harms nobody */
}

void mbox_index_write(const struct mbox *mbox, const struct mbox_table *table,
	struct mbox_index_kind kind, const struct mbox_index *old)
{
	struct mbox_index_head head = {.is_seen = kind.is_seen, .is_unique = kind.is_unique};
	unsigned char *rows;
	uint64_t size;
	size_t len;
	int fd;

	if (!mbox->place->cache || !mbox_index_encode(table, &rows, &len))
		return;
	fd = open_index(mbox->place, mbox->name, O_CREAT);
	if (fd >= 0 && is_ours(fd, &size) && make_head(&head, mbox, table, rows, len))
		write_index(fd, &head, rows, size > 0 ? same_begin(old, rows, len) : 0);
	fd_close(&fd);
	free(rows);
}

/*
 * mbox_store - an mbox as one of libspool's stores.
 *
 * Between two calls no lock is held and others may do what they like with the mailbox. So each call
 * first compares the file with what it was when its messages were listed last (stamp.h). If they
 * differ they are listed again, and the messages that were shown to the caller are looked for by
 * UIDL. What he was shown never changes: neither numbers nor sizes.
 */
#include "base/fd.h"
#include "generation.h"
#include "mbox.h"
#include "mbox_from.h"
#include "mbox_inspect.h"
#include "mbox_list.h"
#include "mbox_remove.h"
#include "mbox_repair.h"
#include "removal.h"
#include "stamp.h"
#include "state_file.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct mbox_box {
	const struct spool_place *place;
	const char *path;
	char name[NAME_MAX + 1]; /* state_file_name() */
	struct mbox_list shown;  /* the messages at open */
	struct mbox_list now;    /* the last list, if there was one since */
	size_t *where; /* for each of `shown` its place in `now`, or MBOX_GONE; NULL: no list since
			*/
};

static const struct mbox_list *current(struct mbox_box *box)
{
	struct mbox_list *list = box->where ? &box->now : &box->shown;

	mbox_list_fill(list);
	return list;
}

static bool is_unchanged(struct mbox_box *box, const struct stat *st)
{
	const struct mbox_list *list = current(box);

	return !list->is_young && stamp_is_same(&list->stamp, st);
}

static int list_first(struct mbox_box *box, struct why *why)
{
	struct mbox mbox;
	int err;

	if (mbox_list_known(&box->shown, box->place, box->path, box->name))
		return 0;
	err = mbox_lock(&mbox, box->place, box->path, false, why);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = mbox_list_make(&box->shown, &mbox, why);
	mbox_note_looked(&mbox);
	mbox_close(&mbox);
	return err;
}

/* This is the locked mailbox's list now: look for what was shown in it. The list is used up. */
static int take_list(struct mbox_box *box, struct mbox_list *list, struct why *why)
{
	size_t *where = calloc(box->shown.table.len + 1, sizeof(*where));
	int err;

	mbox_list_fill(&box->shown);
	err = where ? mbox_table_map(&box->shown.table, &list->table, where) : -ENOMEM;

	if (err) {
		free(where);
		mbox_list_done(list);
		return why_errno(why, -err, box->path, "list messages");
	}
	mbox_list_done(&box->now);
	free(box->where);
	box->now = *list;
	box->where = where;
	return 0;
}

/* Bring the box up to date with the locked mailbox. */
static int list_again(struct mbox_box *box, const struct mbox *mbox, struct why *why)
{
	struct mbox_list list;
	int err;

	if (is_unchanged(box, &mbox->st))
		return 0;
	mbox_list_init(&list);
	err = mbox_list_make(&list, mbox, why);
	return err ? err : take_list(box, &list, why);
}

/* What was taken from the index is not so: nothing in it is believed. */
static int scan_again(struct mbox_box *box, const struct mbox *mbox, struct why *why)
{
	struct mbox_list list;
	int err;

	mbox_list_init(&list);
	err = mbox_list_scan(&list, mbox, why);
	return err ? err : take_list(box, &list, why);
}

static void close_box(void *context)
{
	struct mbox_box *box = context;

	mbox_list_done(&box->shown);
	mbox_list_done(&box->now);
	free(box->where);
	free(box);
}

static int open_box(void **out, const struct spool_place *place, const char *path, struct why *why)
{
	struct mbox_box *box = calloc(1, sizeof(*box));
	int err;

	if (!box)
		return why_errno(why, ENOMEM, path, "open");
	box->place = place;
	box->path = path;
	err = state_file_name(path, box->name);
	if (err) {
		close_box(box);
		return why_errno(why, -err, path, "open");
	}
	removal_drop_drafts(place->state, box->name);
	err = list_first(box, why);
	if (err)
		close_box(box);
	else
		*out = box;
	return err;
}

static size_t count(const void *context)
{
	const struct mbox_box *box = context;

	return box->shown.table.len;
}

static uint64_t octets(const void *context)
{
	const struct mbox_box *box = context;

	return mbox_list_octets(&box->shown);
}

static const struct spool_message *message(void *context, size_t n)
{
	struct mbox_box *box = context;

	mbox_list_fill(&box->shown);
	return &box->shown.table.at[n].seen;
}

static size_t find(const struct mbox_box *box, size_t n)
{
	return box->where ? box->where[n] : n;
}

/* A read-only fd of the mailbox, listed again by `again`, before others can change it once more. */
static int open_again(struct mbox_box *box,
	int (*again)(struct mbox_box *box, const struct mbox *mbox, struct why *why),
	struct why *why)
{
	struct mbox mbox;
	struct stat st;
	int fd = mbox_lock(&mbox, box->place, box->path, false, why);

	if (fd)
		return fd;
	fd = again(box, &mbox, why);
	if (!fd)
		fd = mbox_open_path(box->place, box->path, O_RDONLY, &st, why);
	mbox_close(&mbox);
	return fd;
}

/* A read-only fd of the mailbox as `current(box)` knows it; -ENOENT with *why untouched. */
static int open_current(struct mbox_box *box, struct why *why)
{
	struct stat st;
	int fd = mbox_open_path(box->place, box->path, O_RDONLY, &st, why);

	if (fd >= 0 && !is_unchanged(box, &st)) {
		fd_close(&fd);
		fd = open_again(box, list_again, why);
	}
	return fd;
}

/* As above, and message n, if it is there at all, is where the list says. */
static int open_message(struct mbox_box *box, size_t n, struct why *why)
{
	int fd = open_current(box, why);
	int right;

	if (fd < 0 || find(box, n) == MBOX_GONE || current(box)->is_seen)
		return fd;
	right = mbox_list_check(current(box), fd, find(box, n));
	if (right == 1)
		return fd;
	fd_close(&fd);
	return right < 0 ? why_errno(why, -right, box->path, "read")
			 : open_again(box, scan_again, why);
}

static struct spool_extent extent_of(struct mbox_box *box, size_t n, int fd)
{
	const struct mbox_list *list = current(box);
	const struct mbox_message *found = &list->table.at[find(box, n)];

	return (struct spool_extent){.fd = fd,
		.offset = found->offset,
		.length = found->length,
		.form = SPOOL_FORM_MBOXRD,
		.octets = found->seen.octets,
		.stamp = {.inode = list->stamp.st_ino,
			.size = (uint64_t)list->stamp.st_size,
			.mtime_ns = stamp_ns(&list->stamp.st_mtim),
			.ctime_ns = stamp_ns(&list->stamp.st_ctim)}};
}

static int fetch(void *context, size_t n, struct spool_extent *extent, struct why *why)
{
	struct mbox_box *box = context;
	int fd = open_message(box, n, why);

	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd == -ENOENT || find(box, n) == MBOX_GONE) {
		fd_close(&fd);
		return why_set(why, ESTALE, WHY_TEMP, "4.2.0",
			"%s: another program has removed the message", box->path);
	}
	*extent = extent_of(box, n, fd);
	return 0;
}

/*
 * Where a message behind the one that was just fetched lies is known from the same list, and with
 * the same stamp. Of a file that is young another write could leave that stamp: whoever asks again
 * later is told of it, who has all extents already would not be.
 */
static bool fetch_next(
	void *context, size_t n, const struct spool_extent *first, struct spool_extent *next)
{
	struct mbox_box *box = context;
	const struct mbox_list *list = current(box);

	if (list->is_young || find(box, n) == MBOX_GONE)
		return false;
	if (!list->is_seen && mbox_list_check(list, first->fd, find(box, n)) != 1)
		return false;
	*next = extent_of(box, n, first->fd);
	return true;
}

static int marks(void *context, size_t n, const struct spool_extent *extent, struct marks *marks)
{
	struct mbox_box *box = context;
	const struct mbox_message *found = &current(box)->table.at[find(box, n)];
	uint64_t size = found->offset - found->from;
	char line[MBOX_FROM_MAX];
	ssize_t len = fd_pread(
		extent->fd, line, size < sizeof(line) ? (size_t)size : sizeof(line), found->from);
	const char *lf = len > 0 ? memchr(line, '\n', (size_t)len) : NULL;

	if (len < 0)
		return (int)len;
	if (lf)
		len = lf - line - (lf > line && lf[-1] == '\r');
	marks->when = mbox_from_time(line, (size_t)len);
	marks->has_flags = false;
	marks->flags = 0;
	return 0;
}

/* The caller's bits, put where the messages are now. What others have removed has no bit any more.
 */
static unsigned char *map_bits(struct mbox_box *box, const unsigned char *bitmap)
{
	unsigned char *bits = calloc(current(box)->table.len / 8 + 1, 1);

	for (size_t n = 0; bits && n < box->shown.table.len; n++) {
		size_t place = find(box, n);

		if (bitmap[n / 8] & 1u << n % 8 && place != MBOX_GONE)
			bits[place / 8] |= (unsigned char)(1u << place % 8);
	}
	return bits;
}

/* Is each message whose bit is set where the list says? 1, 0 or -errno. */
static int check_marked(struct mbox_box *box, const struct mbox *mbox, const unsigned char *bits)
{
	const struct mbox_list *list = current(box);
	int right = 1;

	for (size_t n = 0; right == 1 && !list->is_seen && n < list->table.len; n++) {
		if (bits[n / 8] & 1u << n % 8)
			right = mbox_list_check(list, mbox->fd, n);
	}
	return right;
}

/* *bits: which messages of the mailbox as it is now are to go. */
static int find_marked(struct mbox_box *box, const struct mbox *mbox, const unsigned char *bitmap,
	unsigned char **bits, struct why *why)
{
	int right;
	int err;

	*bits = map_bits(box, bitmap);
	right = *bits ? check_marked(box, mbox, *bits) : -ENOMEM;
	if (right < 0)
		return why_errno(why, -right, box->path, "remove messages");
	if (right)
		return 0;
	free(*bits);
	*bits = NULL;
	err = scan_again(box, mbox, why);
	if (err)
		return err;
	*bits = map_bits(box, bitmap);
	return *bits ? 0 : why_errno(why, ENOMEM, box->path, "remove messages");
}

/* The index must not be believed from here on, whoever finishes this. */
static int begin_removal(const struct mbox *mbox, struct why *why)
{
	int err = generation_next(mbox->place->state, mbox->name);

	return err ? why_errno(why, -err, mbox->path, "count the removal") : 0;
}

static int remove_marked(
	struct mbox_box *box, struct mbox *mbox, const unsigned char *bitmap, struct why *why)
{
	unsigned char *bits = NULL;
	struct mbox_table left;
	int err = list_again(box, mbox, why);

	mbox_table_init(&left);
	if (!err)
		err = find_marked(box, mbox, bitmap, &bits, why);
	if (!err)
		err = begin_removal(mbox, why);
	if (!err)
		err = mbox_remove(mbox, &current(box)->table, bits, &left, why);
	if (!err)
		mbox_list_keep(current(box), mbox, &left);
	mbox_table_done(&left);
	free(bits);
	return err;
}

static int update(void *context, const unsigned char *bitmap, struct why *why)
{
	struct mbox_box *box = context;
	struct mbox mbox;
	int err = mbox_lock(&mbox, box->place, box->path, false, why);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = remove_marked(box, &mbox, bitmap, why);
	mbox_close(&mbox);
	return err;
}

const struct store store_mbox = {
	.prefix = "mbox:",
	.deliver = mbox_deliver,
	.open = open_box,
	.count = count,
	.octets = octets,
	.message = message,
	.fetch = fetch,
	.fetch_next = fetch_next,
	.marks = marks,
	.adopter = &mbox_adopter,
	.update = update,
	.close = close_box,
	.inspect = mbox_inspect,
	.repair = mbox_repair,
};

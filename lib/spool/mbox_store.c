/*
 * mbox_store - an mbox as one of libspool's stores.
 *
 * Between two calls no lock is held and others may do what they like with the mailbox. So each call
 * first compares the file with what the last scan saw: device, inode, size, mtime and ctime (which
 * no program can set back). If they differ the mailbox is scanned again, and the messages that were
 * shown to the caller are looked for by UIDL. What he was shown never changes: neither numbers nor
 * sizes.
 */
#include "base/fd.h"
#include "disk.h"
#include "mbox.h"
#include "mbox_remove.h"
#include "mbox_scan.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#define YOUNG_NS 20000000

struct mbox_box {
	const struct spool_place *place;
	const char *path;
	struct mbox_table shown; /* the scan at open */
	struct mbox_table now;   /* the last scan, if there was one since */
	size_t *where; /* for each of `shown` its place in `now`, or MBOX_GONE; NULL: no scan since
			*/
	struct stat stamp; /* of the file when it was scanned last; st_ino 0: there was none */
	bool is_young; /* it had been written to just before: what comes now may have the same stamp
			*/
};

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int64_t to_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* Kernels before 6.13 write times that are a tick old, 10 ms at the most. */
static void take_stamp(struct mbox_box *box, const struct stat *st)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = to_ns(&now) - to_ns(&st->st_ctim);
	box->stamp = *st;
	/* A time in the future, of another host's clock or before ours was set back, is not young:
	 * each look at the mailbox would scan it again. */
	box->is_young = age < YOUNG_NS && age > -YOUNG_NS;
}

static bool is_unchanged(const struct mbox_box *box, const struct stat *st)
{
	const struct stat *stamp = &box->stamp;

	return !box->is_young && st->st_dev == stamp->st_dev && st->st_ino == stamp->st_ino &&
	       st->st_size == stamp->st_size && is_same_time(&st->st_mtim, &stamp->st_mtim) &&
	       is_same_time(&st->st_ctim, &stamp->st_ctim);
}

/* After an fsync that failed the message stays, unpromised: others may have delivered behind it by
 * now. */
static int sync_message(const struct mbox *mbox, struct why *why)
{
	int err = disk_sync(mbox->fd);

	return err ? why_errno(why, -err, mbox->path, "fsync") : 0;
}

/*
 * An empty mailbox may be a new one, whose name is not on disk yet. It must be before there is
 * anything in it: whoever finds it filled relies on that, even if the one who made it was killed
 * meanwhile.
 */
static int sync_name(const struct mbox *mbox, struct why *why)
{
	int err = mbox->st.st_size == 0 ? fd_sync_parent(mbox->path) : 0;

	if (err && err != -EACCES) /* a folder that can't be read can't be opened to be synced */
		return why_errno(why, -err, mbox->path, "fsync its folder");
	return 0;
}

static int deliver(const struct spool_place *place, const char *path,
	const struct spool_envelope *envelope, int fd, struct why *why)
{
	struct mbox mbox;
	int err = mbox_lock(&mbox, place, path, true, why);

	if (err)
		return err;
	err = sync_name(&mbox, why);
	if (!err)
		err = mbox_append(&mbox, envelope, fd, why);
	mbox_unlock(&mbox);
	if (!err)
		err = sync_message(&mbox, why);
	mbox_close(&mbox);
	return err;
}

static int scan_first(struct mbox_box *box, struct why *why)
{
	struct mbox mbox;
	int err = mbox_lock(&mbox, box->place, box->path, false, why);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = mbox_scan(mbox.fd, (uint64_t)mbox.st.st_size, box->path, &box->shown, why);
	take_stamp(box, &mbox.st);
	mbox_close(&mbox);
	return err;
}

/* Bring the box up to date with the locked mailbox. */
static int scan_again(struct mbox_box *box, const struct mbox *mbox, struct why *why)
{
	struct mbox_table table;
	size_t *where;
	int err;

	if (is_unchanged(box, &mbox->st))
		return 0;
	mbox_table_init(&table);
	err = mbox_scan(mbox->fd, (uint64_t)mbox->st.st_size, box->path, &table, why);
	if (err)
		return err;
	where = calloc(box->shown.len + 1, sizeof(*where));
	err = where ? mbox_table_map(&box->shown, &table, where) : -ENOMEM;
	if (err) {
		free(where);
		mbox_table_done(&table);
		return why_errno(why, -err, box->path, "scan");
	}
	mbox_table_done(&box->now);
	free(box->where);
	box->now = table;
	box->where = where;
	take_stamp(box, &mbox->st);
	return 0;
}

static void close_box(void *context)
{
	struct mbox_box *box = context;

	mbox_table_done(&box->shown);
	mbox_table_done(&box->now);
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
	err = scan_first(box, why);
	if (err)
		close_box(box);
	else
		*out = box;
	return err;
}

static size_t count(const void *context)
{
	const struct mbox_box *box = context;

	return box->shown.len;
}

static const struct spool_message *message(const void *context, size_t n)
{
	const struct mbox_box *box = context;

	return &box->shown.at[n].seen;
}

static const struct mbox_table *current(const struct mbox_box *box)
{
	return box->where ? &box->now : &box->shown;
}

static size_t find(const struct mbox_box *box, size_t n)
{
	return box->where ? box->where[n] : n;
}

/* The mailbox has changed: scan it again, and open it before others can change it once more. */
static int open_changed(struct mbox_box *box, struct why *why)
{
	struct mbox mbox;
	struct stat st;
	int fd = mbox_lock(&mbox, box->place, box->path, false, why);

	if (fd)
		return fd;
	fd = scan_again(box, &mbox, why);
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
		fd = open_changed(box, why);
	}
	return fd;
}

static int fetch(void *context, size_t n, struct spool_extent *extent, struct why *why)
{
	struct mbox_box *box = context;
	const struct mbox_message *found;
	int fd = open_current(box, why);

	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd == -ENOENT || find(box, n) == MBOX_GONE) {
		fd_close(&fd);
		return why_set(why, ESTALE, WHY_TEMP, "4.2.0",
			"%s: another program has removed the message", box->path);
	}
	found = &current(box)->at[find(box, n)];
	*extent = (struct spool_extent){.fd = fd,
		.offset = found->offset,
		.length = found->length,
		.form = SPOOL_FORM_MBOXRD,
		.octets = found->seen.octets,
		.stamp = {.inode = box->stamp.st_ino,
			.size = (uint64_t)box->stamp.st_size,
			.mtime_ns = to_ns(&box->stamp.st_mtim),
			.ctime_ns = to_ns(&box->stamp.st_ctim)}};
	return 0;
}

/* The caller's bits, put where the messages are now. What others have removed has no bit any more.
 */
static unsigned char *map_bits(const struct mbox_box *box, const unsigned char *bitmap)
{
	unsigned char *bits = calloc(current(box)->len / 8 + 1, 1);

	for (size_t n = 0; bits && n < box->shown.len; n++) {
		size_t place = find(box, n);

		if (bitmap[n / 8] & 1u << n % 8 && place != MBOX_GONE)
			bits[place / 8] |= (unsigned char)(1u << place % 8);
	}
	return bits;
}

static int remove_marked(
	struct mbox_box *box, const struct mbox *mbox, const unsigned char *bitmap, struct why *why)
{
	int err = scan_again(box, mbox, why);
	struct mbox_table left;
	unsigned char *bits;

	if (err)
		return err;
	bits = map_bits(box, bitmap);
	if (!bits)
		return why_errno(why, ENOMEM, box->path, "remove messages");
	mbox_table_init(&left);
	err = mbox_remove(mbox, current(box), bits, &left, why);
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
	.deliver = deliver,
	.open = open_box,
	.count = count,
	.message = message,
	.fetch = fetch,
	.update = update,
	.close = close_box,
};

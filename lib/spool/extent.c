/*
 * extent - see extent.h. What is in the mailbox may be anything; memory and stack are bounded
 * whatever it is.
 */
#include "extent.h"

#include "base/fd.h"
#include "mail/mboxrd.h"

#include <errno.h>
#include <sys/stat.h>

#define PIECE 16384 /* two of them on the stack, of which a stranger's thread may have little */

static int give(const struct extent_taker *taker, const char *octets, size_t len)
{
	return len > 0 ? taker->take(taker->context, octets, len) : 0;
}

static int give_unquoted(
	const struct extent_taker *taker, struct mboxrd *rd, const char *in, size_t len)
{
	char out[PIECE];
	int err = 0;

	while (!err && len > 0) {
		size_t used;
		size_t made;

		mboxrd_run(rd, in, len, &used, out, sizeof(out), &made);
		in += used;
		len -= used;
		err = give(taker, out, made);
	}
	return err;
}

static int give_rest(const struct extent_taker *taker, struct mboxrd *rd)
{
	bool is_all = false;
	char out[64];
	int err = 0;

	while (!err && !is_all) {
		size_t made;

		is_all = mboxrd_finish(rd, out, sizeof(out), &made);
		err = give(taker, out, made);
	}
	return err;
}

int extent_read(const struct spool_extent *extent, const struct extent_taker *taker)
{
	struct mboxrd rd;
	char in[PIECE];
	int err = 0;

	mboxrd_init(&rd, MBOXRD_UNQUOTE);
	for (uint64_t at = 0; !err && at < extent->length;) {
		uint64_t left = extent->length - at;
		size_t want = left < sizeof(in) ? (size_t)left : sizeof(in);
		ssize_t got = fd_pread(extent->fd, in, want, extent->offset + at);

		if (got < 0)
			return (int)got;
		if ((size_t)got < want)
			return -ESTALE; /* somebody has cut the file */
		at += want;
		err = extent->form == SPOOL_FORM_MBOXRD ? give_unquoted(taker, &rd, in, want)
							: give(taker, in, want);
	}
	return err ? err : give_rest(taker, &rd);
}

static int64_t in_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

bool extent_is_touched(const struct spool_extent *extent)
{
	const struct spool_stamp *before = &extent->stamp;
	struct stat now;

	return fstat(extent->fd, &now) < 0 || now.st_ino != before->inode ||
	       (uint64_t)now.st_size != before->size || in_ns(&now.st_mtim) != before->mtime_ns ||
	       in_ns(&now.st_ctim) != before->ctime_ns;
}

bool extent_is_same(const struct spool_extent *a, const struct spool_extent *b)
{
	struct stat a_st, b_st;

	return fstat(a->fd, &a_st) == 0 && fstat(b->fd, &b_st) == 0 && a_st.st_dev == b_st.st_dev &&
	       a_st.st_ino == b_st.st_ino && a->offset == b->offset && a->length == b->length &&
	       a->octets == b->octets && a->form == b->form;
}

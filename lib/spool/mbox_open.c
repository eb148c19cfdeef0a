/*
 * mbox_open - from a path to an open file that is this owner's mailbox and nothing else.
 *
 * In a shared folder others may have put a link, a FIFO or their own file at that name. So: never
 * follow, never wait (O_NONBLOCK), judge the open file and not the name, and never change owner or
 * mode.
 */
#include "mbox.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int refuse(struct why *why, int err, const char *path, const char *what)
{
	return why_set(why, err, WHY_TEMP, "4.3.0", "%s: %s", path, what);
}

int mbox_check(const struct stat *st, uid_t owner, const char *path, struct why *why)
{
	if (S_ISLNK(st->st_mode))
		return refuse(why, ELOOP, path, "is a symbolic link, not a mailbox");
	if (S_ISDIR(st->st_mode))
		return refuse(why, EISDIR, path, "is a folder, not a mailbox");
	if (!S_ISREG(st->st_mode))
		return refuse(why, ENXIO, path, "is not a regular file");
	if (st->st_nlink > 1)
		return refuse(why, EMLINK, path, "has more than one link");
	if (st->st_uid != owner)
		return why_set(why, EPERM, WHY_TEMP, "4.3.0", "%s: belongs to uid %lu, not to %lu",
			path, (unsigned long)st->st_uid, (unsigned long)owner);
	return 0;
}

static int open_retry(const char *path, int flags)
{
	int fd;

	do {
		fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Why open() failed: what stands there says it better than errno, if it is unfit. */
static int explain(const struct spool_place *place, const char *path, int err, struct why *why)
{
	struct stat st;
	int unfit = 0;

	if (lstat(path, &st) == 0)
		unfit = mbox_check(&st, place->owner, path, why);
	return unfit ? unfit : why_errno(why, err, path, "open");
}

int mbox_open_path(const struct spool_place *place, const char *path, int flags, struct stat *st,
	struct why *why)
{
	int fd = open_retry(path, flags);
	int err;

	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return explain(place, path, -fd, why);
	if (fstat(fd, st) < 0)
		err = why_errno(why, errno, path, "fstat");
	else if (st->st_nlink == 0) /* removed or replaced since open() */
		err = -ENOENT;
	else
		err = mbox_check(st, place->owner, path, why);
	if (err)
		fd_close(&fd);
	return err ? err : fd;
}

/* Make an empty mailbox; one that is there already will do. Only its owner can make his own. */
static int create(const struct spool_place *place, const char *path)
{
	const struct spool_helper *helper = place->helper;
	int fd = place->owner == geteuid() ? open_retry(path, O_RDWR | O_CREAT | O_EXCL) : -EACCES;
	int err;

	if (fd == -ENOENT) {
		err = fd_make_parents(path, 0700);
		if (err)
			return err;
		fd = open_retry(path, O_RDWR | O_CREAT | O_EXCL);
	}
	if (fd >= 0) {
		fd_close(&fd);
		return 0;
	}
	if ((fd == -EACCES || fd == -EPERM) && helper && helper->mailbox_create)
		fd = helper->mailbox_create(helper->context);
	return fd == -EEXIST ? 0 : fd;
}

int mbox_create_path(
	const struct spool_place *place, const char *path, struct stat *st, struct why *why)
{
	int fd = mbox_open_path(place, path, O_RDWR, st, why);
	int err;

	if (fd != -ENOENT)
		return fd;
	err = create(place, path);
	if (err)
		return why_errno(why, -err, path, "create");
	fd = mbox_open_path(place, path, O_RDWR, st, why);
	if (fd == -ENOENT)
		return why_errno(why, ENOENT, path, "open");
	return fd;
}

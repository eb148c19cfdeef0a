/*
 * maildir_open - from a path to open folders that are this owner's Maildir and nothing else.
 *
 * As with an mbox: never follow what stands at the end of the path, judge what is open and not the
 * name, never change owner or mode of what is there.
 */
#include "base/fd.h"
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static const char *const names[MAILDIR_FOLDERS] = {
	[MAILDIR_NEW] = "new", [MAILDIR_CUR] = "cur", [MAILDIR_TMP] = "tmp"};

static int refuse(struct why *why, int err, const char *path, const char *what)
{
	return why_set(why, err, WHY_TEMP, "4.3.0", "%s: %s", path, what);
}

static int open_folder(int at, const char *name)
{
	int fd;

	do {
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Why it could not be opened: what stands there says it better than errno, if it is unfit. */
static int explain(int at, const char *name, int err, const char *path, struct why *why)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode))
			return refuse(why, ELOOP, path, "is a symbolic link, not a Maildir");
		if (!S_ISDIR(st.st_mode))
			return refuse(why, ENOTDIR, path, "is not a folder, so no Maildir");
	}
	return why_errno(why, err, path, "open");
}

/* An open folder of the owner's. -ENOENT: *why is untouched. */
static int open_own(const struct spool_place *place, int at, const char *name, const char *path,
	struct why *why)
{
	int fd = open_folder(at, name);
	struct stat st;
	int err = 0;

	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return explain(at, name, -fd, path, why);
	if (fstat(fd, &st) < 0)
		err = why_errno(why, errno, path, "fstat");
	else if (st.st_uid != place->owner)
		err = why_set(why, EPERM, WHY_TEMP, "4.3.0", "%s: belongs to uid %lu, not to %lu",
			path, (unsigned long)st.st_uid, (unsigned long)place->owner);
	if (err)
		fd_close(&fd);
	return err ? err : fd;
}

/* Only its owner can make his own. */
static int make(const struct spool_place *place, int at, const char *name)
{
	if (place->owner != geteuid())
		return -EACCES;
	return mkdirat(at, name, 0700) < 0 ? -errno : 0;
}

/* One of the three; if it is missing it is made, or -ENOENT with *why untouched. */
static int open_one(struct maildir *maildir, const char *name, bool makes, struct why *why)
{
	const struct spool_place *place = maildir->place;
	char subject[PATH_MAX];
	int fd;
	int err;

	snprintf(subject, sizeof(subject), "%s/%s", maildir->path, name);
	fd = open_own(place, maildir->root, name, subject, why);
	if (fd != -ENOENT || !makes)
		return fd;
	err = make(place, maildir->root, name);
	if (err == 0 && fsync(maildir->root) < 0)
		err = -errno;
	if (err < 0 && err != -EEXIST)
		return why_errno(why, -err, subject, "create");
	fd = open_own(place, maildir->root, name, subject, why);
	return fd == -ENOENT ? why_errno(why, ENOENT, subject, "open") : fd;
}

static int open_all(struct maildir *maildir, const struct spool_place *place, const char *path,
	bool makes, struct why *why)
{
	*maildir = (struct maildir){.place = place, .path = path, .folder = {-1, -1, -1}};
	maildir->root = open_own(place, AT_FDCWD, path, path, why);
	if (maildir->root < 0)
		return maildir->root;
	for (int i = 0; i < MAILDIR_FOLDERS; i++) {
		int fd = open_one(maildir, names[i], makes, why);

		if (fd < 0 && (makes || fd != -ENOENT)) {
			maildir_close(maildir);
			return fd;
		}
		maildir->folder[i] = fd;
	}
	return 0;
}

int maildir_open(
	struct maildir *maildir, const struct spool_place *place, const char *path, struct why *why)
{
	return open_all(maildir, place, path, true, why);
}

int maildir_look(
	struct maildir *maildir, const struct spool_place *place, const char *path, struct why *why)
{
	return open_all(maildir, place, path, false, why);
}

/* Its name is synced by maildir_deliver(), as long as the Maildir is empty. */
static int create(const struct spool_place *place, const char *path)
{
	const struct spool_helper *helper = place->helper;
	int err = make(place, AT_FDCWD, path);

	if (err == -ENOENT) {
		err = fd_make_parents(path, 0700);
		if (err == 0)
			err = make(place, AT_FDCWD, path);
	}
	if ((err == -EACCES || err == -EPERM) && helper && helper->mailbox_create)
		err = helper->mailbox_create(helper->context);
	return err == -EEXIST ? 0 : err;
}

int maildir_create(
	struct maildir *maildir, const struct spool_place *place, const char *path, struct why *why)
{
	int err = maildir_open(maildir, place, path, why);

	if (err != -ENOENT)
		return err;
	err = create(place, path);
	if (err)
		return why_errno(why, -err, path, "create");
	err = maildir_open(maildir, place, path, why);
	return err == -ENOENT ? why_errno(why, ENOENT, path, "open") : err;
}

void maildir_close(struct maildir *maildir)
{
	for (int i = 0; i < MAILDIR_FOLDERS; i++)
		fd_close(&maildir->folder[i]);
	fd_close(&maildir->root);
}

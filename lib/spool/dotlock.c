/*
 * dotlock - see dotlock.h.
 *
 * Nothing here trusts the folder: the name may be anybody's link, FIFO or file, and may change
 * between two calls. What is in doubt counts as held, for a lock that is broken wrongly costs mail,
 * one that is respected wrongly only time.
 */
#include "dotlock.h"

#include "base/fd.h"
#include "base/num.h"
#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define STALE_SECONDS 300
#define TRIES         3
#define LOCK_MAX      1024 /* octets */
#define UNREAD_MAX    64   /* less than a message, as much as "PID:HOST" */
#define TEXT_MAX      16   /* of our own */
#define CLOCK_SLACK   2    /* seconds by which two ways to tell the time may differ */

/*
 * The open file gets its name. By its fd alone that is allowed to whoever opened it only since
 * Linux 6.10 (ENOENT, open(2)); by way of /proc, which costs more, always.
 */
static int publish(int fd, int dirfd, const char *lockname)
{
	char path[64];

	if (linkat(fd, "", dirfd, lockname, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dirfd, lockname, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

static int open_nameless(int dirfd)
{
	int fd = openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

	if (fd >= 0)
		return fd;
	return errno == EISDIR || errno == ENOENT || errno == EINVAL ? -EOPNOTSUPP : -errno;
}

/* Are both on one mount? Else a file there can't get a name here. */
static bool is_near(int fd, int dirfd)
{
	const unsigned want = STATX_TYPE | STATX_MNT_ID;
	struct statx file, folder;

	return statx(fd, "", AT_EMPTY_PATH, want, &file) == 0 &&
	       statx(dirfd, "", AT_EMPTY_PATH, want, &folder) == 0 && S_ISREG(file.stx_mode) &&
	       file.stx_mask & folder.stx_mask & STATX_MNT_ID &&
	       file.stx_mnt_id == folder.stx_mnt_id;
}

static int open_kept(int dirfd, const char *kept)
{
	int fd = open(
		kept, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);

	if (fd >= 0 && !is_near(fd, dirfd))
		fd_close(&fd);
	return fd;
}

int dotlock_prepare_at(int dirfd, const char *kept)
{
	int fd = kept ? open_kept(dirfd, kept) : -1;

	return fd >= 0 ? fd : open_nameless(dirfd);
}

/*
 * The content is written now even if it was there before: the lock's age counts from here. But not
 * into a lock that others can see: a kept file that has a second name is the lock of one of us who
 * was killed, and goes as any other stale one does. What was longer is written over with line ends.
 */
static int write_content(int fd, const char text[static TEXT_MAX], size_t len)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_nlink > 1)
		return -EOPNOTSUPP;
	if ((st.st_size > TEXT_MAX && ftruncate(fd, 0) < 0) || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	if (st.st_size > (off_t)len && st.st_size <= TEXT_MAX)
		len = (size_t)st.st_size;
	return fd_write(fd, text, len);
}

static int fill_and_publish(
	int fd, int dirfd, const char *lockname, const char text[static TEXT_MAX], size_t len)
{
	int err = write_content(fd, text, len);

	if (!err)
		err = publish(fd, dirfd, lockname);
	return err == -ENOENT || err == -EXDEV ? -EOPNOTSUPP /* no /proc; another folder by now */
					       : err;
}

/*
 * A file without a name in this folder gets its content first and its name then. -EOPNOTSUPP: not
 * here.
 *
 * Where somebody replaces the mailbox, two of us may have the kernel's locks on two files of one
 * name, and the same kept file. What one of them writes must not get into the other's lock, so that
 * it is looked at, written and named by one at a time; who comes second does without it.
 */
static int make_whole(
	int dirfd, const char *lockname, const char text[static TEXT_MAX], size_t len, int prepared)
{
	int fd = prepared >= 0 ? prepared : open_nameless(dirfd);
	int err = fd < 0 ? fd : prepared < 0 ? 0 : file_lock_try(fd);

	if (err == -EAGAIN)
		return -EOPNOTSUPP;
	if (!err)
		err = fill_and_publish(fd, dirfd, lockname, text, len);
	if (prepared < 0)
		fd_close(&fd);
	else
		file_lock_release(fd);
	return err;
}

/*
 * The old way, which needs O_EXCL alone. On a full disk the lock stays empty (still a lock, for
 * five minutes), since people must be able to remove mail there.
 */
static int make_plain(int dirfd, const char *lockname, const char *text, size_t len)
{
	int fd = openat(dirfd, lockname, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	int err;

	if (fd < 0)
		return -errno;
	err = fd_write(fd, text, len);
	fd_close(&fd);
	if (err == -ENOSPC || err == -EDQUOT)
		return 0;
	if (err)
		unlinkat(dirfd, lockname, 0);
	return err;
}

static int make(int dirfd, const char *lockname, int *prepared)
{
	char text[TEXT_MAX];
	size_t len = (size_t)snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int err;

	memset(text + len, '\n', sizeof(text) - len);
	err = make_whole(dirfd, lockname, text, len, *prepared);
	if (err != -EOPNOTSUPP && err != -ENOSPC && err != -EDQUOT)
		return err;
	err = make_plain(dirfd, lockname, text, len);
	if (!err)
		fd_close(prepared);
	return err;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The lock's state and its content, read from one and the same file. -EPERM: not a regular file. */
static int look(int dirfd, const char *lockname, struct stat *st, char text[static 256])
{
	struct stat named;
	ssize_t len;
	int fd;

	text[0] = '\0';
	if (fstatat(dirfd, lockname, st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EPERM;
	fd = openat(dirfd, lockname, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? 0 : -errno; /* unreadable: it names nobody */
	named = *st;
	len = fstat(fd, st) < 0 || !is_same_file(st, &named) ? -EAGAIN : fd_pread(fd, text, 255, 0);
	fd_close(&fd);
	if (len < 0)
		return (int)len;
	text[len] = '\0';
	return 0;
}

/* The process that the text names: "PID" or "PID:HOST", if on this host. 0: it names none. */
static pid_t owner_of(const char *text)
{
	size_t len = strcspn(text, "\n");
	const char *colon = memchr(text, ':', len);
	uint64_t pid;
	struct utsname host;

	if (colon) {
		size_t host_len = len - (size_t)(colon + 1 - text);

		if (uname(&host) < 0 || strlen(host.nodename) != host_len ||
			memcmp(host.nodename, colon + 1, host_len) != 0)
			return 0;
		len = (size_t)(colon - text);
	}
	while (len > 0 && text[0] == ' ') { /* HoneyDanBer style: "      1234" */
		text++;
		len--;
	}
	return num_parse(text, len, INT_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

/* A time of the mailbox that is far in the future was set before the clock was put right: nothing
 * was written to it since, and so not since the lock was made either. */
static bool is_idle(const struct stat *lock, const struct stat *mailbox)
{
	time_t now = time(NULL);
	time_t limit = now - STALE_SECONDS;

	return lock->st_mtime < limit &&
	       (!mailbox || mailbox->st_mtime < limit || mailbox->st_mtime > now + STALE_SECONDS);
}

/* When the process was started, in seconds since the epoch; -1: not known. proc(5), /proc/PID/stat
 * field 22. */
static time_t start_of(pid_t pid)
{
	char path[32];
	char text[1024];
	const char *at;
	struct timespec up;
	uint64_t ticks;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : fd_pread(fd, text, sizeof(text) - 1, 0);
	fd_close(&fd);
	if (len <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return -1;
	text[len] = '\0';
	at = strrchr(text, ')'); /* the name in front of field 3 may hold anything */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || num_parse(at + 1, strcspn(at + 1, " "), INT64_MAX, &ticks) < 0)
		return -1;
	return time(NULL) - up.tv_sec + (time_t)(ticks / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Does the pid belong to somebody else by now, who was started after the lock was made? */
static bool is_recycled(pid_t pid, const struct stat *lock)
{
	return start_of(pid) > lock->st_mtime + CLOCK_SLACK;
}

static bool is_stale(const struct stat *lock, const char *text, const struct stat *mailbox)
{
	pid_t pid = owner_of(text);

	if (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH)
		return true;
	if (pid > 0 && is_recycled(pid, lock))
		return true;
	return is_idle(lock, mailbox);
}

/* No lock has so much to say. Somebody has a mailbox of that name. (What can't be read has no
 * text.) */
static bool is_mailbox(const struct stat *lock, const char *text)
{
	off_t max = *text ? LOCK_MAX : UNREAD_MAX;

	return lock->st_size > max || strncmp(text, "From ", 5) == 0;
}

/* 0: there was a stale lock and it is gone; -EEXIST: the lock holds; -EACCES: it is stale, and
 * somebody else's to remove. */
static int break_stale(int dirfd, const char *lockname, const struct stat *mailbox)
{
	struct stat lock, now;
	char text[256];
	int err = look(dirfd, lockname, &lock, text);

	if (err == -ENOENT)
		return 0;
	if (err || is_mailbox(&lock, text) || !is_stale(&lock, text, mailbox))
		return -EEXIST;
	/* Somebody may have broken it meanwhile and made his own, which must stay. */
	if (fstatat(dirfd, lockname, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -EEXIST;
	if (!is_same_file(&lock, &now))
		return -EEXIST;
	if (unlinkat(dirfd, lockname, 0) == 0 || errno == ENOENT)
		return 0;
	/* A folder with the sticky bit: root can. */
	return errno == EPERM || errno == EACCES ? -EACCES : -EEXIST;
}

int dotlock_look_at(int dirfd, const char *lockname, const struct stat *mailbox)
{
	struct stat lock;
	char text[256];
	int err = look(dirfd, lockname, &lock, text);

	if (err == -ENOENT)
		return err;
	return err || is_mailbox(&lock, text) || !is_stale(&lock, text, mailbox) ? -EEXIST : 0;
}

int dotlock_take_prepared_at(
	int dirfd, const char *lockname, const struct stat *mailbox, int *prepared)
{
	int err = make(dirfd, lockname, prepared);

	for (int tries = 1; err == -EEXIST && tries < TRIES; tries++) {
		err = break_stale(dirfd, lockname, mailbox);
		if (err)
			return err;
		err = make(dirfd, lockname, prepared);
	}
	return err;
}

int dotlock_take_at(int dirfd, const char *lockname, const struct stat *mailbox)
{
	int none = -1;

	return dotlock_take_prepared_at(dirfd, lockname, mailbox, &none);
}

bool dotlock_is_own_at(int dirfd, const char *lockname)
{
	struct stat lock;
	char text[256];

	return look(dirfd, lockname, &lock, text) == 0 && owner_of(text) == getpid();
}

int dotlock_release_at(int dirfd, const char *lockname)
{
	struct stat lock;
	char text[256];
	int err = look(dirfd, lockname, &lock, text);

	if (err)
		return err;
	/* An empty one is what make_plain() leaves on a full disk. */
	if (lock.st_size == 0 ? lock.st_uid != geteuid() : owner_of(text) != getpid())
		return -EPERM;
	return unlinkat(dirfd, lockname, 0) < 0 ? -errno : 0;
}

int dotlock_release_prepared_at(int dirfd, const char *lockname, int prepared)
{
	struct stat ours;
	struct stat lock;

	if (prepared < 0)
		return dotlock_release_at(dirfd, lockname);
	if (fstat(prepared, &ours) < 0 || fstatat(dirfd, lockname, &lock, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (lock.st_dev != ours.st_dev || lock.st_ino != ours.st_ino)
		return -EPERM;
	return unlinkat(dirfd, lockname, 0) < 0 ? -errno : 0;
}

/*
 * policy_file - see policy_file.h.
 *
 * System calls: openat, fstat, fstatat, flock, clock_gettime, nanosleep, renameat, unlinkat, close,
 * geteuid.
 */
#include "policy/policy_file.h"

#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_US 2000 /* between two tries; the work under the lock takes less */

static bool is_ours(int fd, uint64_t max)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 07777) == 0600 && st.st_nlink <= 1 && (uint64_t)st.st_size <= max;
}

int policy_file_open(struct policy_file *file, uint64_t max)
{
	int fd = openat(file->folder, file->name,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

	file->fd = -1;
	if (fd < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO || errno == EACCES))
		return -EUCLEAN;
	if (fd < 0)
		return -errno;
	if (!is_ours(fd, max)) {
		fd_close(&fd);
		return -EUCLEAN;
	}
	file->fd = fd;
	return 0;
}

static bool is_at_place(const struct policy_file *file)
{
	struct stat st, there;

	return fstat(file->fd, &st) == 0 &&
	       fstatat(file->folder, file->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == there.st_dev && st.st_ino == there.st_ino;
}

int policy_file_lock(const struct policy_file *file, int64_t milliseconds)
{
	int64_t deadline = clock_ms() + milliseconds;

	while (flock(file->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		clock_sleep_jitter(PAUSE_US);
	}
	return is_at_place(file) ? 0 : -ESTALE;
}

int policy_file_put_aside(const struct policy_file *file)
{
	char bad[NAME_MAX + 1];

	if (snprintf(bad, sizeof(bad), "%s.bad", file->name) >= (int)sizeof(bad))
		return -ENAMETOOLONG;
	if (renameat(file->folder, file->name, file->folder, bad) == 0)
		return 0;
	/* A folder doesn't give way to a file, nor a file to a folder. */
	if (unlinkat(file->folder, bad, 0) < 0)
		(void)unlinkat(file->folder, bad, AT_REMOVEDIR);
	return renameat(file->folder, file->name, file->folder, bad) < 0 ? -errno : 0;
}

void policy_file_close(struct policy_file *file)
{
	fd_close(&file->fd);
}

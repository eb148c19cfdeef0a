/*
 * policy_file - see policy_file.h.
 *
 * System calls: openat, fstat, fstatat, flock, sigaction, sigprocmask, setitimer, clock_gettime,
 * renameat, unlinkat, close, geteuid.
 */
#include "policy/policy_file.h"

#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define AGAIN_US 20000 /* an alarm that came just before the wait comes again */

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

static void wake(int signal)
{
	(void)signal;
}

static int wait_until(int fd, int64_t deadline)
{
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return -errno;
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
	}
	return 0;
}

/* In the kernel's queue, where each has its turn. Hundreds who ask again and again would keep the
 * host so busy that the one who has the lock does not get to the end of its work. */
static int wait_for_lock(int fd, int64_t milliseconds)
{
	const struct sigaction waking = {.sa_handler = wake}; /* without SA_RESTART */
	const struct itimerval timer = {.it_interval = {0, AGAIN_US},
		.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};
	const struct itimerval off = {0};
	struct sigaction before;
	sigset_t alarms, mask;
	int err;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigaction(SIGALRM, &waking, &before);
	sigprocmask(SIG_UNBLOCK, &alarms, &mask);
	setitimer(ITIMER_REAL, &timer, NULL);
	err = wait_until(fd, clock_ms() + milliseconds);
	setitimer(ITIMER_REAL, &off, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGALRM, &before, NULL);
	return err;
}

int policy_file_lock(const struct policy_file *file, int64_t milliseconds)
{
	int err = 0;

	if (flock(file->fd, LOCK_EX | LOCK_NB) < 0)
		err = errno == EWOULDBLOCK ? -ETIMEDOUT : -errno;
	if (err == -ETIMEDOUT && milliseconds > 0)
		err = wait_for_lock(file->fd, milliseconds);
	if (err == 0 && !is_at_place(file))
		err = -ESTALE;
	return err;
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

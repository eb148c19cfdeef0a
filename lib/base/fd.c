/* fd - see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_KEPT_FD 10

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_pwrite(int fd, const void *data, size_t len, uint64_t offset)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = pwrite(fd, at, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_pread(int fd, void *data, size_t len, uint64_t offset)
{
	char *at = data;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, at + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fd_stat(int fd, struct stat *st)
{
#ifdef __LP64__ /* where the kernel's structure is the C library's */
	return syscall(SYS_fstat, fd, st) < 0 ? -errno : 0;
#else
	return fstat(fd, st) < 0 ? -errno : 0;
#endif
}

bool fd_is_socket(int fd)
{
	struct stat st;

	return fd_stat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool fd_is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

void fd_fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int fd_keep_two(int *one, int *other)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int low = fcntl(*one, F_DUPFD_CLOEXEC, FIRST_KEPT_FD);
	int high = fcntl(*other, F_DUPFD_CLOEXEC, low < 0 ? FIRST_KEPT_FD : low);

	if (null < 0 || low < 0 || high < 0)
		return -errno;
	*one = low;
	*other = high;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	if (close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0) < 0 ||
		close_range((unsigned)high + 1, ~0U, 0) < 0)
		return -errno;
	for (int between = low + 1; between < high; between++)
		close(between);
	return 0;
}

int fd_sync_dir(const char *path)
{
	int err = 0;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	fd_close(&fd);
	return err;
}

int fd_sync_parent(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len;

	if (!slash)
		return fd_sync_dir(".");
	len = slash == path ? 1 : (size_t)(slash - path);
	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, len);
	dir[len] = '\0';
	return fd_sync_dir(dir);
}

int fd_make_parents(const char *path, mode_t mode)
{
	char part[PATH_MAX];

	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int err;

		*slash = '\0';
		err = mkdir(part, mode) < 0 ? -errno : fd_sync_parent(part);
		if (err < 0 && err != -EEXIST)
			return err;
		*slash = '/';
	}
	return 0;
}

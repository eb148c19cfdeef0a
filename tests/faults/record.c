/* record - see record.h. It makes its own system calls, so that calls.c neither counts them nor
 * lets them fail. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOG_FD 900

static int log_fd = -1;
static const char *lie;

static void put(const void *data, size_t len, const char *format, ...)
{
	char line[2 * PATH_MAX + 256];
	struct iovec parts[2] = {{line, 0}, {NULL, len}};
	va_list args;
	int saved = errno;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	parts[0].iov_len = (size_t)length;
	memcpy(&parts[1].iov_base, &data, sizeof(data));
	if (syscall(SYS_writev, log_fd, parts, 2) != (long)(parts[0].iov_len + len))
		abort(); /* a log with holes is worse than none */
	errno = saved;
}

static void put_promise(int status, void *context)
{
	(void)context;
	put(NULL, 0, "p\t%d\n", status);
}

__attribute__((constructor)) void record_begin(void)
{
	const char *path = getenv("FAULTS_LOG");
	long fd;

	lie = getenv("FAULTS_LIE");
	if (!path)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || syscall(SYS_dup3, fd, LOG_FD, O_CLOEXEC) < 0)
		abort();
	syscall(SYS_close, fd);
	log_fd = LOG_FD;
	on_exit(put_promise, NULL);
}

bool record_is_on(void)
{
	return log_fd >= 0;
}

bool record_look(int dirfd, const char *path, int flags, struct statx *st)
{
	return syscall(SYS_statx, dirfd, path, flags, STATX_BASIC_STATS, st) == 0;
}

/* What the descriptor is of, as long as it is a file or a folder and none of the standard three. */
static uint64_t inode_of(int fd)
{
	struct statx st;

	if (log_fd < 0 || fd <= STDERR_FILENO || !record_look(fd, "", AT_EMPTY_PATH, &st))
		return 0;
	return S_ISREG(st.stx_mode) || S_ISDIR(st.stx_mode) ? st.stx_ino : 0;
}

static void path_of(int fd, char out[static PATH_MAX])
{
	char link[64];
	long len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = syscall(SYS_readlink, link, out, PATH_MAX - 1);
	out[len > 0 ? len : 0] = '\0';
}

static void path_at(int dirfd, const char *path, char out[static PATH_MAX])
{
	char folder[PATH_MAX] = "";

	if (*path != '/' && dirfd != AT_FDCWD)
		path_of(dirfd, folder);
	if ((size_t)snprintf(out, PATH_MAX, "%s%s%s", folder, *folder ? "/" : "", path) >= PATH_MAX)
		abort();
}

void record_call(unsigned long number, const char *name, int fd, const char *path, size_t len,
	const char *kinds)
{
	char open[PATH_MAX] = "";
	int saved = errno;

	if (!path)
		path_of(fd, open);
	put(NULL, 0, "c\t%lu\t%s\t%zu\t%s\t%s\n", number, name, len, path ? path : open, kinds);
	errno = saved;
}

void record_write(int fd, const void *data, size_t len, uint64_t offset)
{
	uint64_t inode = inode_of(fd);

	if (inode && len > 0)
		put(data, len, "w\t%llu\t%llu\t%zu\n", (unsigned long long)inode,
			(unsigned long long)offset, len);
}

void record_truncate(int fd, uint64_t size)
{
	uint64_t inode = inode_of(fd);

	if (inode)
		put(NULL, 0, "t\t%llu\t%llu\n", (unsigned long long)inode,
			(unsigned long long)size);
}

void record_allocate(int fd, int mode, uint64_t offset, uint64_t len)
{
	uint64_t inode = inode_of(fd);

	if (inode)
		put(NULL, 0, "a\t%llu\t%llu\t%llu\t%d\n", (unsigned long long)inode,
			(unsigned long long)offset, (unsigned long long)len, mode);
}

void record_sync(int fd)
{
	uint64_t inode = inode_of(fd);
	char path[PATH_MAX];
	int saved = errno;

	if (!inode)
		return;
	path_of(fd, path);
	errno = saved;
	if (!lie || fnmatch(lie, path, 0) != 0)
		put(NULL, 0, "s\t%llu\n", (unsigned long long)inode);
}

uint64_t record_inode(int dirfd, const char *path)
{
	struct statx st;

	return log_fd >= 0 && record_look(dirfd, path, AT_SYMLINK_NOFOLLOW, &st) ? st.stx_ino : 0;
}

void record_name(char what, int dirfd, const char *path)
{
	int saved = errno;
	uint64_t inode = record_inode(dirfd, path);
	char full[PATH_MAX];

	if (inode) {
		path_at(dirfd, path, full);
		put(NULL, 0, "%c\t%llu\t%s\n", what, (unsigned long long)inode, full);
	}
	errno = saved;
}

void record_rename(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	int saved = errno;
	uint64_t inode = record_inode(to_dirfd, to);
	char source[PATH_MAX], target[PATH_MAX];

	if (inode) {
		path_at(from_dirfd, from, source);
		path_at(to_dirfd, to, target);
		put(NULL, 0, "r\t%llu\t%s\t%s\n", (unsigned long long)inode, source, target);
	}
	errno = saved;
}

void record_unlink(uint64_t inode, int dirfd, const char *path)
{
	char full[PATH_MAX];

	if (!inode)
		return;
	path_at(dirfd, path, full);
	put(NULL, 0, "u\t%llu\t%s\n", (unsigned long long)inode, full);
}

/*
 * calls - what stands, by LD_PRELOAD, between a program and the C library's calls that touch files.
 *
 * Each asks the plan (plan.h) what becomes of it, makes the system call itself and records
 * (record.h) what it changed. The C library has several names for most of them (large files,
 * fortified ones), which all end in one function here; `make check-faults` compares the count with
 * strace's, so that none is forgotten. What the C library calls by itself, as for stdio, is not
 * seen. Nothing is ever synced for real, which would only take time: nobody pulls the plug here.
 * FAULTS_SYNC=1: it is.
 */
#include "plan.h"
#include "record.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(default)
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* The same function under one more name. */
#define ALIAS(name, of) __typeof__(of) name __attribute__((alias(#of)))

static int refused(const struct verdict *verdict)
{
	errno = verdict->error;
	return -1;
}

static uint64_t size_of(int fd)
{
	struct statx st;

	return record_look(fd, "", AT_EMPTY_PATH, &st) && S_ISREG(st.stx_mode) ? st.stx_size
									       : UINT64_MAX;
}

static bool is_there(int dirfd, const char *path)
{
	struct statx st;

	return record_look(dirfd, path, AT_SYMLINK_NOFOLLOW, &st);
}

static int open_it(int dirfd, const char *path, int flags, mode_t mode)
{
	bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
	bool creates = flags & O_CREAT && !is_there(dirfd, path);
	struct verdict verdict = plan_ask(flags & O_CREAT || unnamed ? CALL_CREATE : CALL_OPEN,
		"open", -1, path, 0, creates || unnamed);
	int fd;

	if (verdict.error)
		return refused(&verdict);
	fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
	if (fd >= 0 && creates)
		record_name('n', dirfd, path);
	if (fd >= 0 && flags & O_TRUNC)
		record_truncate(fd, 0);
	plan_made(&verdict);
	return fd;
}

#define TAKE_MODE(flags)                                                                           \
	({                                                                                         \
		va_list args;                                                                      \
		mode_t taken = 0;                                                                  \
		va_start(args, flags);                                                             \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE)                           \
			taken = va_arg(args, mode_t);                                              \
		va_end(args);                                                                      \
		taken;                                                                             \
	})

int open64(const char *path, int flags, ...)
{
	return open_it(AT_FDCWD, path, flags, TAKE_MODE(flags));
}
ALIAS(open, open64);

int openat64(int dirfd, const char *path, int flags, ...)
{
	return open_it(dirfd, path, flags, TAKE_MODE(flags));
}
ALIAS(openat, openat64);

int __open64_2(const char *path, int flags)
{
	return open_it(AT_FDCWD, path, flags, 0);
}
ALIAS(__open_2, __open64_2);

int __openat64_2(int dirfd, const char *path, int flags)
{
	return open_it(dirfd, path, flags, 0);
}
ALIAS(__openat_2, __openat64_2);

int creat64(const char *path, mode_t mode)
{
	return open_it(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
ALIAS(creat, creat64);

ssize_t read(int fd, void *data, size_t len)
{
	struct verdict verdict = plan_ask(CALL_READ, "read", fd, NULL, len, false);
	ssize_t done;

	if (verdict.error)
		return refused(&verdict);
	done = syscall(SYS_read, fd, data, verdict.len);
	plan_made(&verdict);
	return done;
}

ssize_t __read_chk(int fd, void *data, size_t len, size_t room)
{
	(void)room;
	return read(fd, data, len);
}

ssize_t pread64(int fd, void *data, size_t len, off_t offset)
{
	struct verdict verdict = plan_ask(CALL_READ, "pread", fd, NULL, len, false);
	ssize_t done;

	if (verdict.error)
		return refused(&verdict);
	done = syscall(SYS_pread64, fd, data, verdict.len, offset);
	plan_made(&verdict);
	return done;
}
ALIAS(pread, pread64);

ssize_t __pread64_chk(int fd, void *data, size_t len, off_t offset, size_t room)
{
	(void)room;
	return pread64(fd, data, len, offset);
}
ALIAS(__pread_chk, __pread64_chk);

static ssize_t write_it(const char *name, int fd, const void *data, size_t len, off_t offset)
{
	bool grows = (uint64_t)offset + len > size_of(fd);
	struct verdict verdict = plan_ask(CALL_WRITE, name, fd, NULL, len, grows);
	ssize_t done;

	if (verdict.error)
		return refused(&verdict);
	done = syscall(SYS_pwrite64, fd, data, verdict.len, offset);
	if (done > 0)
		record_write(fd, data, (size_t)done, (uint64_t)offset);
	plan_made(&verdict);
	return done;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return write_it("pwrite", fd, data, len, offset);
}
ALIAS(pwrite, pwrite64);

/* Where a write without an offset goes: to the file's end, or where the descriptor stands. */
static uint64_t position(int fd)
{
	long offset = syscall(SYS_lseek, fd, 0L, SEEK_CUR);

	if (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND)
		return size_of(fd);
	return offset < 0 ? 0 : (uint64_t)offset;
}

ssize_t write(int fd, const void *data, size_t len)
{
	uint64_t offset = position(fd);
	struct verdict verdict =
		plan_ask(CALL_WRITE, "write", fd, NULL, len, offset + len > size_of(fd));
	ssize_t done;

	if (verdict.error)
		return refused(&verdict);
	done = syscall(SYS_write, fd, data, verdict.len);
	if (done > 0)
		record_write(fd, data, (size_t)done, offset);
	plan_made(&verdict);
	return done;
}

/* Several parts go as one, so that what is recorded is what happened. */
static char *gather(const struct iovec *parts, int count, size_t *len)
{
	char *data;
	size_t at = 0;

	*len = 0;
	for (int i = 0; i < count; i++)
		*len += parts[i].iov_len;
	data = malloc(*len + 1);
	for (int i = 0; data && i < count; i++) {
		memcpy(data + at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	return data;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	size_t len;
	char *data = gather(parts, count, &len);
	ssize_t done = data ? write(fd, data, len) : -1;

	free(data);
	return done;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
	size_t len;
	char *data = gather(parts, count, &len);
	ssize_t done = data ? write_it("pwritev", fd, data, len, offset) : -1;

	free(data);
	return done;
}
ALIAS(pwritev, pwritev64);

int ftruncate64(int fd, off_t size)
{
	struct verdict verdict =
		plan_ask(CALL_TRUNCATE, "ftruncate", fd, NULL, 0, (uint64_t)size > size_of(fd));
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_ftruncate, fd, size);
	if (rc == 0)
		record_truncate(fd, (uint64_t)size);
	plan_made(&verdict);
	return rc;
}
ALIAS(ftruncate, ftruncate64);

static int allocate(const char *name, int fd, int mode, off_t offset, off_t len)
{
	bool grows = !(mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_PUNCH_HOLE));
	struct verdict verdict = plan_ask(CALL_ALLOCATE, name, fd, NULL, (size_t)len, grows);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_fallocate, fd, mode, offset, len);
	if (rc == 0)
		record_allocate(fd, mode, (uint64_t)offset, (uint64_t)len);
	plan_made(&verdict);
	return rc;
}

int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	return allocate("fallocate", fd, mode, offset, len);
}
ALIAS(fallocate, fallocate64);

int posix_fallocate64(int fd, off_t offset, off_t len)
{
	int saved = errno;
	int rc = allocate("posix_fallocate", fd, 0, offset, len);
	int err = rc < 0 ? errno : 0;

	errno = saved;
	return err;
}
ALIAS(posix_fallocate, posix_fallocate64);

static int sync_it(const char *name, int fd, long number)
{
	static int is_real = -1;
	struct verdict verdict = plan_ask(CALL_SYNC, name, fd, NULL, 0, false);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	if (is_real < 0)
		is_real = getenv("FAULTS_SYNC") != NULL;
	rc = is_real ? (int)syscall(number, fd) : 0;
	if (rc == 0)
		record_sync(fd);
	plan_made(&verdict);
	return rc;
}

int fsync(int fd)
{
	return sync_it("fsync", fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_it("fdatasync", fd, SYS_fdatasync);
}

int renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags)
{
	struct verdict verdict = plan_ask(CALL_RENAME, "rename", -1, to, 0, false);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
	if (rc == 0)
		record_rename(from_dirfd, from, to_dirfd, to);
	plan_made(&verdict);
	return rc;
}

int renameat(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	return renameat2(from_dirfd, from, to_dirfd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_dirfd, const char *from, int to_dirfd, const char *to, int flags)
{
	struct verdict verdict = plan_ask(CALL_LINK, "link", -1, to, 0, true);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_linkat, from_dirfd, from, to_dirfd, to, flags);
	if (rc == 0)
		record_name('l', to_dirfd, to);
	plan_made(&verdict);
	return rc;
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	struct verdict verdict = plan_ask(CALL_UNLINK, "unlink", -1, path, 0, false);
	uint64_t inode = record_inode(dirfd, path);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_unlinkat, dirfd, path, flags);
	if (rc == 0)
		record_unlink(inode, dirfd, path);
	plan_made(&verdict);
	return rc;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct verdict verdict = plan_ask(CALL_MKDIR, "mkdir", -1, path, 0, true);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_mkdirat, dirfd, path, mode);
	if (rc == 0)
		record_name('d', dirfd, path);
	plan_made(&verdict);
	return rc;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* One that fails has closed the descriptor all the same, as Linux does. */
int close(int fd)
{
	struct verdict verdict = plan_ask(CALL_CLOSE, "close", fd, NULL, 0, false);
	int rc = (int)syscall(SYS_close, fd);

	if (verdict.error)
		return refused(&verdict);
	plan_made(&verdict);
	return rc;
}

int fcntl64(int fd, int command, ...)
{
	bool locks = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
		     command == F_OFD_SETLKW;
	struct verdict verdict =
		plan_ask(locks ? CALL_LOCK : CALL_LOOK, "fcntl", fd, NULL, 0, false);
	va_list args;
	void *argument;
	int rc;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_fcntl, fd, command, argument);
	plan_made(&verdict);
	return rc;
}
ALIAS(fcntl, fcntl64);

static int look(const char *name, int dirfd, const char *path, void *st, int flags)
{
	struct verdict verdict = plan_ask(CALL_LOOK, name, dirfd, *path ? path : NULL, 0, false);
	int rc;

	if (verdict.error)
		return refused(&verdict);
	rc = (int)syscall(SYS_newfstatat, dirfd, path, st, flags);
	plan_made(&verdict);
	return rc;
}

/* The two structures are the same where the kernel's is the C library's. */
#define LOOKS(suffix)                                                                              \
	int fstat##suffix(int fd, struct stat##suffix *st)                                         \
	{                                                                                          \
		return look("fstat", fd, "", st, AT_EMPTY_PATH);                                   \
	}                                                                                          \
	int lstat##suffix(const char *path, struct stat##suffix *st)                               \
	{                                                                                          \
		return look("lstat", AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);                     \
	}                                                                                          \
	int stat##suffix(const char *path, struct stat##suffix *st)                                \
	{                                                                                          \
		return look("stat", AT_FDCWD, path, st, 0);                                        \
	}                                                                                          \
	int fstatat##suffix(int dirfd, const char *path, struct stat##suffix *st, int flags)       \
	{                                                                                          \
		return look("fstatat", dirfd, path, st, flags);                                    \
	}

LOOKS()
LOOKS(64)

/* A folder's stream is the C library's: it looks at the descriptor by itself, and closes it. */
static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

DIR *fdopendir(int fd)
{
	struct verdict verdict = plan_ask(CALL_LOOK, "fdopendir", fd, NULL, 0, false);
	DIR *(*open_dir)(int);
	void *function = real("fdopendir");
	DIR *dir;

	if (verdict.error) {
		refused(&verdict);
		return NULL;
	}
	memcpy(&open_dir, &function, sizeof(open_dir));
	dir = open_dir(fd);
	plan_made(&verdict);
	return dir;
}

struct dirent64 *readdir64(DIR *dir)
{
	struct verdict verdict = plan_ask(CALL_LOOK, "readdir", dirfd(dir), NULL, 0, false);
	struct dirent64 *(*read_it)(DIR *);
	void *function = real("readdir64");
	struct dirent64 *entry;

	if (verdict.error) {
		refused(&verdict);
		return NULL;
	}
	memcpy(&read_it, &function, sizeof(read_it));
	entry = read_it(dir);
	plan_made(&verdict);
	return entry;
}

int closedir(DIR *dir)
{
	struct verdict verdict = plan_ask(CALL_CLOSE, "closedir", dirfd(dir), NULL, 0, false);
	int (*close_it)(DIR *);
	void *function = real("closedir");
	int rc;

	memcpy(&close_it, &function, sizeof(close_it));
	rc = close_it(dir);
	if (verdict.error)
		return refused(&verdict);
	plan_made(&verdict);
	return rc;
}

/* FAULTS_CLOCK=SECONDS: so much later than it is. Files are then not taken for such as were written
 * just now, which would be read once more or not, as the machine's load has it. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	const char *later = getenv("FAULTS_CLOCK");
	int rc = (int)syscall(SYS_clock_gettime, clock, time);

	if (rc == 0 && later && clock == CLOCK_REALTIME)
		time->tv_sec += strtol(later, NULL, 10);
	return rc;
}

/*
 * fd - file descriptors have owners, and system calls are finished or fail.
 *
 * Each function retries EINTR and short transfers. Offsets and lengths are octets.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stat;

/* Close *fd if it is open and set it to -1. Keeps errno. */
void fd_close(int *fd);

/* Write all of data at the file position, or at offset. 0 or -errno. */
int fd_write(int fd, const void *data, size_t len);
int fd_pwrite(int fd, const void *data, size_t len, uint64_t offset);

/* Read up to len octets at offset: fewer only at the end of the file. Octets read, or -errno. */
ssize_t fd_pread(int fd, void *data, size_t len, uint64_t offset);

/*
 * fstat(2) as it was meant: until glibc 2.39 the function asks by the call that can also look at
 * any path, which a session in its jail may not use. 0 or -errno.
 */
int fd_stat(int fd, struct stat *st);

/* Is fd a socket; is it one that listens? A closed fd is neither. */
bool fd_is_socket(int fd);
bool fd_is_listening(int fd);

/* Open /dev/null in place of each of fds 0, 1 and 2 that is closed, so that no other file takes its
 * place. */
void fd_fill_standard(void);

/* Close all but stderr and these two, which move; fds 0 and 1 become /dev/null, so that no other
 * file can. For a child with one task. 0 or -errno. */
int fd_keep_two(int *one, int *other);

/* fsync the directory `path`, so that names made or removed in it survive a power cut. */
int fd_sync_dir(const char *path);

/* fsync the directory that holds `path`. */
int fd_sync_parent(const char *path);

/* Make each missing folder above (not including) the last part of path, with this mode, on disk. 0
 * or -errno. */
int fd_make_parents(const char *path, mode_t mode);

#endif

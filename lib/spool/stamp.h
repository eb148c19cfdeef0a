/*
 * stamp - has a file been written to since somebody looked?
 *
 * Device, inode, size, mtime and ctime (which no program can set back) tell, but for one thing: two
 * writes within one tick of the kernel's clock have the same times.
 */
#ifndef SPOOL_STAMP_H
#define SPOOL_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Nanoseconds since 1970. */
int64_t stamp_ns(const struct timespec *time);

bool stamp_is_same(const struct stat *a, const struct stat *b);

/* Was the file, whose state is `st`, written to so lately that another write could leave it with
 * the same times? */
bool stamp_is_young(const struct stat *st);

/*
 * The file that we have just written to, and hold locked, gets an mtime that no write in this tick
 * can leave: it does not lie on a tick. *st is its state then, and need not grow old. False: it
 * can't be done; st is not to be relied upon.
 */
bool stamp_settle(int fd, struct stat *st);

#endif

/*
 * jail - what a session gives away before it greets: ids, new privileges, core dumps, files,
 * processes. The system-call and file-system walls (seccomp, Landlock) have their place behind
 * these.
 */
#ifndef IO_JAIL_H
#define IO_JAIL_H

#include "base/why.h"

#include <stdint.h>

/*
 * Become `user` if the process is root ("nobody" stands in where the user does not exist and was
 * not asked for by name: *fallback is set to 1, for a log line), take no new privileges, be not
 * dumpable, limit file size to max_file octets (unless stderr is a file: the log
 * may be longer). Cannot be undone. 0 or -errno.
 */
int jail_enter(const char *user, int named, uint64_t max_file, int *fallback, struct why *why);

#endif

/*
 * jail - what a session gives away before it greets: ids, new privileges, core dumps, memory
 * without end, files, processes; then, with Landlock, the file system, and with seccomp every
 * system call that a session has no use for. None of it can be undone.
 */
#ifndef IO_JAIL_H
#define IO_JAIL_H

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

struct jail {
	const char *user;  /* who to become if the process is root */
	bool named;        /* the user was asked for by name: then "nobody" does not stand in */
	uint64_t max_file; /* octets a file may grow to (unless stderr is a file: the log may be
			      longer) */
	bool may_load;     /* leave the libraries' directories readable: TLS may still be loaded */
};

/*
 * Enter it. *fallback becomes true where "nobody" had to stand in, *open where the kernel lacks
 * Landlock or seccomp, so that a log line can say so. 0 or -errno with *why: then nothing must be
 * served.
 */
int jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why);

/* TLS is loaded, or will never be: shut the door that may_load left open. 0 or -errno. */
int jail_seal(struct why *why);

#endif

/*
 * jail - what a session gives away before it greets: ids and capabilities, new privileges, core
 * dumps, memory without end, files, processes, time without end; then, with Landlock, the file
 * system, and with seccomp every system call that a session has no use for (jail_calls.h). None of
 * it can be undone. A call that is not allowed kills the process.
 */
#ifndef IO_JAIL_H
#define IO_JAIL_H

#include "base/why.h"
#include "io/jail_seccomp.h"

#include <stdbool.h>
#include <stdint.h>

struct jail {
	const char *user;     /* who to become if the process is root */
	bool named;           /* the user was asked for by name: then "nobody" does not stand in */
	uint64_t max_file;    /* octets a file may grow to (unless stdout or stderr is a file:
				 replies and log may be longer) */
	uint64_t max_seconds; /* how long the process may go on to live, whatever it does; 0: for
				 ever */
	struct jail_fds fds;
	bool may_load;      /* leave the libraries' directories readable: TLS may still be loaded */
	const char *module; /* with may_load: the object to be loaded, if known; its directory, too,
			       stays readable */
};

/*
 * Enter it. All that is open stays open. *fallback becomes true where "nobody" had to stand in,
 * *open where the kernel lacks Landlock or seccomp, so that a log line can say so. 0 or -errno with
 * *why: then nothing must be served.
 */
int jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why);

/* TLS is loaded, or will never be: shut the door that may_load left open; again costs nothing.
 * Until then path names can be asked about (on Debian 12; not opened), and code can be mapped from
 * files. 0 or -errno with *why. */
int jail_seal(struct why *why);

#endif

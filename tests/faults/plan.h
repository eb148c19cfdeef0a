/*
 * plan - which of the system calls of this process goes wrong, and how.
 *
 * The environment says it: FAULTS_AT=N counts the calls that calls.c stands in front of, from 1,
 * and at the Nth does what FAULTS_KIND says:
 *
 *	before, after	the process is killed there
 *	half		half of a write, then the process is killed
 *	short, one	half of what was to be read or written, or one octet, and says so
 *	ENOSPC, EIO, EDQUOT, EINTR	the call fails and does nothing; with a + behind it
 *			all that follow do, too
 *	full		from here on what needs new room fails with ENOSPC, and nothing else
 *
 * A call that can't fail in that way goes right; the harness knows from a run before which these
 * are (plan_may()).
 */
#ifndef FAULTS_PLAN_H
#define FAULTS_PLAN_H

#include <stdbool.h>
#include <stddef.h>

enum call {
	CALL_OPEN,
	CALL_CREATE,
	CALL_READ,
	CALL_WRITE,
	CALL_TRUNCATE,
	CALL_ALLOCATE,
	CALL_SYNC,
	CALL_RENAME,
	CALL_LINK,
	CALL_UNLINK,
	CALL_MKDIR,
	CALL_CLOSE,
	CALL_LOCK,
	CALL_LOOK,
	CALL_COUNT
};

struct verdict {
	int error;    /* 0, or errno: the call is not made */
	size_t len;   /* how much of what was asked for */
	bool is_last; /* once the call is made the process is killed */
};

/* Take the plan from the environment: by itself when the program is loaded, and once more when that
 * has changed (serve.c). */
void plan_begin(void);

/* One call more: what becomes of it? For the log: its name, and the path or, where that is NULL,
 * the descriptor that it is about. `grows`: it needs room that was not there. */
struct verdict plan_ask(
	enum call call, const char *name, int fd, const char *path, size_t len, bool grows);

/* The call was made. Returns only if it was not the last one. errno is kept. */
void plan_made(const struct verdict *verdict);

#endif

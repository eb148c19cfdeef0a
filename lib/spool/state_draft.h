/*
 * state_draft - a file under spool_place.state that is there whole and on disk, or not at all: it
 * is written under another name first.
 */
#ifndef SPOOL_STATE_DRAFT_H
#define SPOOL_STATE_DRAFT_H

#include <limits.h>
#include <stddef.h>

#define STATE_DRAFT_MAX (PATH_MAX + sizeof(".new"))

/* "<path>.new" */
void state_draft_path(const char *path, char out[static STATE_DRAFT_MAX]);

/* Open path's draft, empty; one that is there already is of somebody who was killed. The fd or
 * -errno. */
int state_draft_open(const char *path);

/* What was written to the draft is now path's, in place of what was there before, on disk. 0 or
 * -errno; then, unless it was the folder's fsync that failed, the draft is gone. */
int state_draft_commit(const char *path, int fd);

/* The file at path was found, and fd is it. Whoever committed it may have been killed before the
 * syncs, and then it must not be only we who know it: it and its name are on disk when this returns
 * 0. Or -errno. */
int state_draft_settle(const char *path, int fd);

/* It is not wanted. */
void state_draft_drop(const char *path);

#endif

/*
 * state_file - the files that belong to one mailbox under spool_place.state: its session lock,
 * append note and journal, or list of what is to be removed. Named after the mailbox's path, so
 * that no two mailboxes ever share one, and after the real one, so that no mailbox ever has two.
 */
#ifndef SPOOL_STATE_FILE_H
#define SPOOL_STATE_FILE_H

#include "base/why.h"

#include <limits.h>

/*
 * What the names of the mailbox's files begin with: its path with / as %2F and % as %25, links in
 * its folder resolved. 0; -ENAMETOOLONG: hashing long names would risk two mailboxes with one
 * journal, so there are none; or another -errno: the folder can't be reached.
 */
int state_file_name(const char *mailbox, char out[static NAME_MAX + 1]);

/* As state_file_name(). *folder: the mailbox's folder, O_PATH, if that has cost nothing more; else
 * -1. */
int state_file_name_in(const char *mailbox, char out[static NAME_MAX + 1], int *folder);

/* "<state>/<name>.<suffix>". 0 or -ENAMETOOLONG. */
int state_file_join(
	const char *state, const char *name, const char *suffix, char out[static PATH_MAX]);

/* Both of it. Who has locked the mailbox knows the name (struct mbox). */
int state_file_path(
	const char *state, const char *mailbox, const char *suffix, char out[static PATH_MAX]);

/* Open (never through a link), with O_RDWR and `flags`, mode 0600. The fd or -errno. */
int state_file_open(const char *path, int flags);

/* Fill *why: `what` could not be done with the mailbox, and that the state file at this path had to
 * do with it. Returns -err. */
int state_file_refuse(
	struct why *why, int err, const char *mailbox, const char *what, const char *path);

#endif

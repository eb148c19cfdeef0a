/*
 * state_file - the files that belong to one mailbox under spool_place.state: its session lock,
 * append note and journal. Named after the mailbox's path, so that no two mailboxes ever share one,
 * and after the real one, so that no mailbox ever has two.
 */
#ifndef SPOOL_STATE_FILE_H
#define SPOOL_STATE_FILE_H

#include <limits.h>

/*
 * "<state>/<mailbox, with / as %2F and % as %25>.<suffix>", links in the mailbox's folder resolved.
 * 0; -ENAMETOOLONG: hashing long names would risk two mailboxes with one journal, so there are
 * none; or another -errno: the folder can't be reached.
 */
int state_file_path(
	const char *state, const char *mailbox, const char *suffix, char out[static PATH_MAX]);

/* Open (never through a link), with O_RDWR and `flags`, mode 0600. The fd or -errno. */
int state_file_open(const char *path, int flags);

#endif

/* set_aside - see set_aside.h. */
#include "set_aside.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define ORPHANS_MAX 1000

static void tell(const struct mbox *mbox, const char *reason, const char *aside)
{
	const struct spool_place *place = mbox->place;
	char text[PATH_MAX + 512];

	if (!place->note)
		return;
	snprintf(text, sizeof(text),
		"%s: an interrupted change can't be finished: %s; the journal is now %s",
		mbox->path, reason, strrchr(aside, '/') + 1);
	place->note(place->note_context, text);
}

/* Rename without replacing. Where the file system can't (NFS), the mailbox's lock must do. */
static int rename_new(const char *from, const char *to)
{
	struct stat st;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (lstat(to, &st) == 0)
		return -EEXIST;
	return rename(from, to) < 0 ? -errno : 0;
}

int set_aside(const struct mbox *mbox, const char *journal, const char *reason)
{
	char aside[PATH_MAX + sizeof(".orphan.1000")];
	int err = -EEXIST;

	for (unsigned n = 1; err == -EEXIST && n <= ORPHANS_MAX; n++) {
		if (n == 1)
			snprintf(aside, sizeof(aside), "%s.orphan", journal);
		else
			snprintf(aside, sizeof(aside), "%s.orphan.%u", journal, n);
		err = rename_new(journal, aside);
	}
	if (err)
		return err;
	tell(mbox, reason, aside);
	return fd_sync_parent(journal);
}

/* state_draft - see state_draft.h. Trusts the state folder, which is the mailbox owner's alone. */
#include "state_draft.h"

#include "base/fd.h"
#include "disk.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void state_draft_path(const char *path, char out[static STATE_DRAFT_MAX])
{
	snprintf(out, STATE_DRAFT_MAX, "%s.new", path);
}

int state_draft_open(const char *path)
{
	char draft[STATE_DRAFT_MAX];
	int fd;

	state_draft_path(path, draft);
	fd = state_file_open(draft, O_CREAT | O_EXCL);
	if (fd != -EEXIST)
		return fd;
	return unlink(draft) < 0 ? -errno : state_file_open(draft, O_CREAT | O_EXCL);
}

int state_draft_commit(const char *path, int fd)
{
	char draft[STATE_DRAFT_MAX];
	int err = disk_sync(fd);

	state_draft_path(path, draft);
	if (!err && rename(draft, path) < 0)
		err = -errno;
	if (!err)
		return fd_sync_parent(path);
	unlink(draft);
	return err;
}

int state_draft_settle(const char *path, int fd)
{
	int err = disk_sync(fd);

	return err ? err : fd_sync_parent(path);
}

void state_draft_drop(const char *path)
{
	char draft[STATE_DRAFT_MAX];

	state_draft_path(path, draft);
	unlink(draft);
}

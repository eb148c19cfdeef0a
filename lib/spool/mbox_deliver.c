/* mbox_deliver - a message comes into an mbox, and is on disk: see mbox.h. */
#include "mbox.h"

#include "base/fd.h"
#include "disk.h"

#include <errno.h>

/* After an fsync that failed the message stays, unpromised: others may have delivered behind it by
 * now. */
static int sync_message(const struct mbox *mbox, struct why *why)
{
	int err = disk_sync(mbox->fd);

	return err ? why_errno(why, -err, mbox->path, "fsync") : 0;
}

/*
 * An empty mailbox may be a new one, whose name is not on disk yet. It must be before there is
 * anything in it: whoever finds it filled relies on that, even if the one who made it was killed
 * meanwhile.
 */
static int sync_name(const struct mbox *mbox, struct why *why)
{
	int err = mbox->st.st_size == 0 ? fd_sync_parent(mbox->path) : 0;

	if (err && err != -EACCES) /* a folder that can't be read can't be opened to be synced */
		return why_errno(why, -err, mbox->path, "fsync its folder");
	return 0;
}

int mbox_deliver(const struct spool_place *place, const char *path,
	const struct spool_envelope *envelope, int fd, struct why *why)
{
	struct mbox mbox;
	int err = mbox_lock(&mbox, place, path, true, why);

	if (err)
		return err;
	err = sync_name(&mbox, why);
	if (!err)
		err = mbox_append(&mbox, envelope, fd, why);
	mbox_unlock(&mbox);
	if (!err)
		err = sync_message(&mbox, why);
	mbox_close(&mbox);
	return err;
}

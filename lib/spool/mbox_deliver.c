/* mbox_deliver - a message comes into an mbox, and is on disk: see mbox.h. */
#include "mbox.h"

#include "disk.h"

/*
 * An empty mailbox may be a new one, whose name is not on disk yet. It must be before there is
 * anything in it: whoever finds it filled relies on that, even if the one who made it was killed
 * meanwhile.
 */
static int sync_name(const struct mbox *mbox, struct why *why)
{
	int err = mbox->st.st_size == 0 ? disk_sync_name(mbox->path) : 0;

	return err ? why_errno(why, -err, mbox->path, "fsync its folder") : 0;
}

int mbox_deliver(const struct spool_place *place, const char *path, const struct incoming *incoming,
	struct why *why)
{
	struct mbox mbox;
	int err = mbox_lock(&mbox, place, path, true, why);

	if (err)
		return err;
	err = sync_name(&mbox, why);
	if (!err)
		err = mbox_append(&mbox, incoming, why);
	mbox_unlock(&mbox);
	if (!err)
		err = mbox_append_sync(&mbox, why);
	mbox_close(&mbox);
	return err;
}

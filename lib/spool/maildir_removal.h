/*
 * maildir_removal - some messages are to go, all or none of them.
 *
 * Files are unlinked one after the other. So that a crash in between leaves nothing half done,
 * their names are first written down under spool_place.state, in
 *
 *	<mailbox>.removal
 *
 * on disk before the first of them is unlinked; whoever opens the Maildir next goes on. Doing it
 * again does no harm, for a base name is never used twice. What is in that file is believed only as
 * far as it is whole and holds names of single files: nothing outside new and cur can be meant.
 */
#ifndef SPOOL_MAILDIR_REMOVAL_H
#define SPOOL_MAILDIR_REMOVAL_H

#include "maildir.h"

struct maildir_target {
	const char *base;
	uint64_t inode; /* 0: whatever file has this base name */
};

struct maildir_removal {
	struct maildir_target *at;
	size_t len;
	char *text; /* malloc()ed: where the names are */
};

void maildir_removal_init(struct maildir_removal *removal);
void maildir_removal_done(struct maildir_removal *removal);

/* Make room for so many targets. 0 or -ENOMEM. */
int maildir_removal_reserve(struct maildir_removal *removal, size_t len);

/* maildir_removal_file.c: write the list down; read it; remove it. 0 or -errno. -ENOENT from load:
 * there is none; -EBADMSG: it is torn, or no such list. */
int maildir_removal_write(const struct maildir_removal *removal, const struct maildir *maildir);
int maildir_removal_load(struct maildir_removal *removal, const struct maildir *maildir);
int maildir_removal_forget(const struct maildir *maildir);

/*
 * Unlink them all, under whatever names they are by now, and see that it is on disk. *begun: at
 * least one is gone. 0 or -errno. Sorts the list.
 */
int maildir_removal_run(
	struct maildir_removal *removal, const struct maildir *maildir, bool *begun);

/* Remove the messages in the list, all or nothing. On failure none is removed, or
 * maildir_removal_recover() will finish it. */
int maildir_remove(struct maildir_removal *removal, const struct maildir *maildir, struct why *why);

/* Finish a removal that was begun, if there is one. Needs the session lock. */
int maildir_removal_recover(const struct maildir *maildir, struct why *why);

#endif

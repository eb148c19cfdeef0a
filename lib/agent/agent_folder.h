/*
 * agent_folder - folders that the monitor makes or opens with root's rights.
 */
#ifndef AGENT_AGENT_FOLDER_H
#define AGENT_AGENT_FOLDER_H

#include "account/account.h"

/*
 * Make sure of one of the configuration's folders and of those above it, on disk. 0 or -errno.
 * Where an installed system lacks one (root has to make it) it may be that its file system is not
 * mounted, and that what was in it is needed: note(listener, text) is told. note may be NULL.
 */
int agent_folder_make(const char *path, mode_t mode, void (*note)(void *listener, const char *text),
	void *listener);

/* Make sure of the owner's folder under [store] state, on disk, and put its path into out. 0 or
 * -errno. note as above. */
int agent_folder_state(const struct conf *conf, const struct account *account,
	char out[static PATH_MAX], void (*note)(void *listener, const char *text), void *listener,
	struct why *why);

/* Make sure of the owner's folder under [store] cache. 0 or -errno: things work without. */
int agent_folder_cache(
	const struct conf *conf, const struct account *account, char out[static PATH_MAX]);

/*
 * Open, for reading, the folder that holds path (absolute), if nobody but root and this process's
 * own user can have put anything in its way: one of them owns each part of the way, and others
 * can't rename what is in it. The last may be writable by its group (/var/mail is), the others only
 * if sticky. -EACCES if it is not so; or another -errno.
 */
int agent_folder_trusted(const char *path, int *out);

/*
 * As above, for a file that nobody but this process's user may make, replace or take away: the
 * folder is that user's, and no other may write to it. A missing folder is made.
 */
int agent_folder_private(const char *path, int *out);

#endif

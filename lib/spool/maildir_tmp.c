/*
 * maildir_tmp - remove what deliveries that were killed have left in tmp.
 *
 * Whoever delivers gives up after 24 hours (maildir(5)). A file that was not written to, read,
 * renamed or linked for so long was begun even earlier: nobody is at work on it any more. Another
 * host's clock may be wrong; by a day it is not.
 */
#include "maildir.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY      (24L * 60 * 60)
#define LOOK_MAX 10000 /* names, of which anybody may have left many: the next session goes on */

struct cleaning {
	const struct maildir *maildir;
	time_t before;
	unsigned looks;
};

static int clean_one(void *context, enum maildir_folder folder, const char *name)
{
	struct cleaning *cleaning = context;
	int fd = cleaning->maildir->folder[folder];
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		st.st_uid == cleaning->maildir->place->owner && st.st_atime < cleaning->before &&
		st.st_mtime < cleaning->before && st.st_ctime < cleaning->before)
		(void)unlinkat(fd, name, 0);
	return ++cleaning->looks == LOOK_MAX;
}

void maildir_tmp_clean(const struct maildir *maildir, time_t now)
{
	struct cleaning cleaning = {.maildir = maildir, .before = now - DAY};

	(void)maildir_each(maildir, MAILDIR_TMP, clean_one, &cleaning);
}

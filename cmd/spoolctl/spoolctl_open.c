/*
 * spoolctl_open - a mailbox opened as a session opens it, but only one that is there.
 *
 * To a session a mailbox that nobody has made yet is an empty one, and a folder becomes a Maildir.
 * Who looks for one by hand has mistyped it.
 */
#include "spoolctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static bool is_missing(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* A folder with none of a Maildir's in it. What can't be looked into is for spool_open() to tell.
 */
static bool is_plain_folder(const char *path)
{
	static const char *const names[] = {"new", "cur", "tmp"};
	char name[PATH_MAX];
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int len = snprintf(name, sizeof(name), "%s/%s", path, names[i]);

		if (len >= (int)sizeof(name) || !is_missing(name))
			return false;
	}
	return true;
}

int spoolctl_open(struct spool **spool, const struct spool_place *place)
{
	const char *path = spoolctl_path_in(place->location);
	struct why why = {0};
	int err;

	*spool = NULL;
	if (path && is_missing(path))
		return spoolctl_refuse(EX_NOINPUT, place->location, "there is no mailbox");
	if (path && strncmp(place->location, "maildir:", 8) == 0 && is_plain_folder(path))
		return spoolctl_refuse(EX_NOINPUT, place->location,
			"is a folder, but no Maildir: it has no new, cur or tmp");
	err = spool_open(spool, place, &why);
	return err ? spoolctl_fail(err, &why) : EX_OK;
}

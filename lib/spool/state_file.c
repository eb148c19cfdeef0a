/* state_file - see state_file.h. Trusts the state folder, which is the mailbox owner's alone. */
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room that is left for ".journal.orphan.1000" behind any suffix, so that all names fit or none
 * does. */
#define NAME_ROOM (NAME_MAX - sizeof(".journal.orphan.1000"))

static int escape(const char *from, char *out, size_t room)
{
	size_t len = 0;

	for (; *from; from++) {
		bool plain = *from != '/' && *from != '%';

		if (len + (plain ? 1 : 3) > room)
			return -ENAMETOOLONG;
		if (plain) {
			out[len++] = *from;
		} else {
			memcpy(out + len, *from == '/' ? "%2F" : "%25", 3);
			len += 3;
		}
	}
	out[len] = '\0';
	return 0;
}

/* The mailbox's path with its folder's real name: however a mailbox is spelled, its journal and
 * lock are the same. */
static int real_path(const char *mailbox, char out[static PATH_MAX])
{
	char folder[PATH_MAX];
	const char *name = strrchr(mailbox, '/') + 1;
	size_t len = (size_t)(name - mailbox);

	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, mailbox, len);
	folder[len] = '\0';
	if (!realpath(folder, out))
		memcpy(out, folder, len + 1); /* there is none yet, and so no other name for it */
	len = strlen(out);
	if (len > 0 && out[len - 1] == '/')
		out[--len] = '\0';
	return snprintf(out + len, PATH_MAX - len, "/%s", name) >= (int)(PATH_MAX - len)
		       ? -ENAMETOOLONG
		       : 0;
}

int state_file_path(
	const char *state, const char *mailbox, const char *suffix, char out[static PATH_MAX])
{
	char name[NAME_MAX + 1];
	char real[PATH_MAX];
	int err = real_path(mailbox, real);
	int len;

	if (!err)
		err = escape(real, name, NAME_ROOM);
	if (err)
		return err;
	len = snprintf(out, PATH_MAX, "%s/%s.%s", state, name, suffix);
	return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int state_file_open(const char *path, int flags)
{
	int fd;

	do {
		fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags,
			0600);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* state_file - see state_file.h. Trusts the state folder, which is the mailbox owner's alone. */
#include "state_file.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* No part of it is empty, "." or "..". */
static bool is_plain(const char *path)
{
	for (const char *at = path; (at = strchr(at, '/')); at++) {
		size_t len = strcspn(at + 1, "/");

		if (len == 0 || (at[1] == '.' && (len == 1 || (len == 2 && at[2] == '.'))))
			return false;
	}
	return true;
}

/*
 * The mailbox's folder, if no link is on the way to it. The fd; -1: that is not so, or can't be
 * told. One call instead of one for each part of the path. (openat2(2) has no function in the C
 * library of Debian 12.)
 */
static int open_without_links(const char *mailbox)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	char folder[PATH_MAX];
	size_t len = (size_t)(strrchr(mailbox, '/') - mailbox);

	if (len == 0 || len >= sizeof(folder) || !is_plain(mailbox))
		return -1;
	memcpy(folder, mailbox, len);
	folder[len] = '\0';
	return (int)syscall(SYS_openat2, AT_FDCWD, folder, &how, sizeof(how));
}

/*
 * The mailbox's path with its folder's real name: however a mailbox is spelled, its journal and
 * lock are the same. What does not exist yet is no link and keeps its name once it is made, so what
 * there is of the way to it is what has to be real.
 */
static int real_path(const char *mailbox, char out[static PATH_MAX])
{
	char folder[PATH_MAX];
	size_t at = strlen(mailbox);
	size_t len;
	bool found;

	if (at >= sizeof(folder))
		return -ENAMETOOLONG;
	do {
		while (mailbox[--at] != '/')
			;
		memcpy(folder, mailbox, at);
		folder[at] = '\0';
		found = realpath(at > 0 ? folder : "/", out);
	} while (!found && errno == ENOENT && at > 0);
	if (!found)
		return -errno;
	len = strlen(out) > 1 ? strlen(out) : 0;
	for (const char *rest = mailbox + at; *rest; rest++) {
		bool empty = rest[0] == '/' && rest[1] == '/';

		if (len + 1 >= PATH_MAX)
			return -ENAMETOOLONG;
		if (!empty)
			out[len++] = *rest;
	}
	out[len] = '\0';
	return 0;
}

int state_file_name_in(const char *mailbox, char out[static NAME_MAX + 1], int *folder)
{
	char real[PATH_MAX];
	int err;

	*folder = open_without_links(mailbox);
	if (*folder >= 0)
		return escape(mailbox, out, NAME_ROOM);
	err = real_path(mailbox, real);
	return err ? err : escape(real, out, NAME_ROOM);
}

int state_file_name(const char *mailbox, char out[static NAME_MAX + 1])
{
	int folder;
	int err = state_file_name_in(mailbox, out, &folder);

	fd_close(&folder);
	return err;
}

int state_file_join(
	const char *state, const char *name, const char *suffix, char out[static PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/%s.%s", state, name, suffix);

	return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int state_file_path(
	const char *state, const char *mailbox, const char *suffix, char out[static PATH_MAX])
{
	char name[NAME_MAX + 1];
	int err = state_file_name(mailbox, name);

	return err ? err : state_file_join(state, name, suffix, out);
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

int state_file_refuse(
	struct why *why, int err, const char *mailbox, const char *what, const char *path)
{
	char text[PATH_MAX + 100];

	snprintf(text, sizeof(text), "%s, by %s", what, path);
	return why_errno(why, err, mailbox, text);
}

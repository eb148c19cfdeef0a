/* account_text - see account_text.h. Judges the open file, not the name; opening never waits (a
 * FIFO). */
#include "account/account_text.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(struct why *why, const char *path, const char *what)
{
	return why_set(why, EPERM, WHY_TEMP, "4.3.5", "%s: %s", path, what);
}

static int check(int fd, const char *path, const struct account_text_rules *rules, size_t *size,
	struct why *why)
{
	mode_t forbidden = rules->strict ? S_IWGRP | S_IWOTH : S_IWOTH;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return why_errno(why, errno, path, "fstat");
	if (!S_ISREG(st.st_mode))
		return refuse(why, path, "is not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse(why, path, "belongs neither to root nor to the agent's user");
	if (st.st_mode & forbidden)
		return refuse(why, path, "is writable by others");
	if (st.st_size < 0 || (uint64_t)st.st_size > rules->max)
		return refuse(why, path, "is too large");
	*size = (size_t)st.st_size;
	return 0;
}

static int load(int fd, const char *path, size_t size, struct account_text *text, struct why *why)
{
	ssize_t n;

	text->at = malloc(size + 1);
	if (!text->at)
		return why_errno(why, ENOMEM, path, "read");
	n = fd_pread(fd, text->at, size, 0);
	if (n < 0) {
		free(text->at);
		text->at = NULL;
		return why_errno(why, (int)-n, path, "read");
	}
	text->len = (size_t)n;
	text->at[n] = '\0';
	return 0;
}

int account_text_read(struct account_text *text, const char *path,
	const struct account_text_rules *rules, struct why *why)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags | (rules->strict ? O_NOFOLLOW : 0));
	size_t size = 0;
	int err;

	*text = (struct account_text){0};
	if (fd < 0 && errno == ELOOP)
		return refuse(why, path, "is a symbolic link");
	if (fd < 0)
		return why_errno(why, errno, path, "open");
	err = check(fd, path, rules, &size, why);
	if (err == 0)
		err = load(fd, path, size, text, why);
	fd_close(&fd);
	return err;
}

void account_text_done(struct account_text *text)
{
	if (text->at)
		explicit_bzero(text->at, text->len);
	free(text->at);
	*text = (struct account_text){0};
}

/* maildir_write - see maildir_write.h. */
#include "maildir_write.h"

#include "base/fd.h"
#include "disk.h"
#include "maildir_name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 10 /* names that others have already */

static int open_tmp(const struct maildir *maildir, char name[static NAME_MAX + 1])
{
	int fd;

	for (int tries = 0; tries < TRIES; tries++) {
		maildir_name_make(name);
		do {
			fd = openat(maildir->folder[MAILDIR_TMP], name,
				O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		} while (fd < 0 && errno == EINTR);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

int maildir_write_begin(struct maildir_write *write, const struct maildir *maildir)
{
	write->maildir = maildir;
	write->error = 0;
	write->wire = (struct wire){0};
	write->size = 0;
	write->len = 0;
	write->fd = open_tmp(maildir, write->name);
	if (write->fd >= 0)
		return 0;
	*write->name = '\0';
	return write->fd;
}

static int flush(struct maildir_write *write)
{
	int err = fd_write(write->fd, write->buffer, write->len);

	wire_text(&write->wire, write->buffer, write->len);
	write->size += write->len;
	write->len = 0;
	write->error = err;
	return err;
}

int maildir_write_put(void *context, const char *text, size_t len)
{
	struct maildir_write *write = context;
	int err = 0;

	while (!err && len > 0) {
		size_t room = MAILDIR_WRITE_BUFFER - write->len;
		size_t part = len < room ? len : room;

		memcpy(write->buffer + write->len, text, part);
		write->len += part;
		text += part;
		len -= part;
		if (write->len == MAILDIR_WRITE_BUFFER)
			err = flush(write);
	}
	return err;
}

int maildir_write_finish(struct maildir_write *write, const time_t *when)
{
	int err = flush(write);

	if (!err && when) {
		struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = *when}};

		(void)futimens(write->fd, times); /* a time that the file system can't hold */
	}
	return err ? err : disk_sync(write->fd);
}

int maildir_write_name(struct maildir_write *write, enum maildir_folder folder, const char *name)
{
	int err = maildir_move(write->maildir, MAILDIR_TMP, write->name, folder, name);

	if (!err)
		*write->name = '\0';
	return err;
}

void maildir_write_done(struct maildir_write *write)
{
	fd_close(&write->fd);
	if (*write->name)
		(void)unlinkat(write->maildir->folder[MAILDIR_TMP], write->name, 0);
}

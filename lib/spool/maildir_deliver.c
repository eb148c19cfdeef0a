/*
 * maildir_deliver - a message becomes a file in new, whole or not at all.
 *
 * Order of operations: the file is written in tmp, where no reader looks, and synced; then it gets
 * its name in new, with its sizes, which nobody else can have; then new is synced, and only then is
 * anything promised. Whatever cuts this short leaves at most a file in tmp, which is removed after
 * a day (maildir_tmp.c), or the whole message in new.
 *
 * The message's octets come from anybody.
 */
#include "base/fd.h"
#include "disk.h"
#include "incoming.h"
#include "maildir.h"
#include "maildir_name.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE (256UL * 1024)
#define TRIES       10 /* names that others have already */

struct writer {
	int fd;
	int error; /* of writing, not of reading the message */
	struct wire wire;
	uint64_t size;
	size_t len;
	char buffer[BUFFER_SIZE];
};

static int flush(struct writer *writer)
{
	int err = fd_write(writer->fd, writer->buffer, writer->len);

	wire_text(&writer->wire, writer->buffer, writer->len);
	writer->size += writer->len;
	writer->len = 0;
	writer->error = err;
	return err;
}

static int put(void *context, const char *text, size_t len)
{
	struct writer *writer = context;
	int err = 0;

	while (!err && len > 0) {
		size_t room = BUFFER_SIZE - writer->len;
		size_t part = len < room ? len : room;

		memcpy(writer->buffer + writer->len, text, part);
		writer->len += part;
		text += part;
		len -= part;
		if (writer->len == BUFFER_SIZE)
			err = flush(writer);
	}
	return err;
}

static int write_message(struct writer *writer, const struct maildir *maildir,
	const struct spool_envelope *envelope, int fd, struct why *why)
{
	struct incoming incoming = {.envelope = envelope, .fd = fd, .form = SPOOL_FORM_PLAIN};
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return why_errno(why, errno, maildir->path, "read the message");
	incoming.size = (uint64_t)st.st_size;
	err = incoming_put(&incoming, put, writer);
	if (err && !writer->error)
		return why_errno(why, -err, maildir->path, "read the message");
	if (!err)
		err = flush(writer);
	if (err)
		return why_errno(why, -err, maildir->path, "write");
	err = disk_sync(writer->fd);
	return err ? why_errno(why, -err, maildir->path, "fsync") : 0;
}

static int open_tmp(const struct maildir *maildir, char name[static NAME_MAX + 1])
{
	int fd;

	for (int tries = 0; tries < TRIES; tries++) {
		maildir_name_make(name);
		do {
			fd = openat(maildir->folder[MAILDIR_TMP], name,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		} while (fd < 0 && errno == EINTR);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int has_name(void *context, enum maildir_folder folder, const char *name)
{
	(void)context;
	(void)folder;
	return *name != '.';
}

/*
 * A Maildir without a message may be a new one, whose own name, or whose folders', are not on disk
 * yet. They must be before there is anything in it: whoever finds a message in it relies on that,
 * even if the one who made it was killed meanwhile.
 */
static int sync_names(const struct maildir *maildir)
{
	int filled = maildir_each(maildir, MAILDIR_NEW, has_name, NULL);
	int err;

	if (filled == 0)
		filled = maildir_each(maildir, MAILDIR_CUR, has_name, NULL);
	if (filled != 0)
		return filled < 0 ? filled : 0;
	err = disk_sync(maildir->root);
	if (err)
		return err;
	err = fd_sync_parent(maildir->path);
	return err == -EACCES ? 0 : err; /* a folder that can't be read can't be opened to be synced
					  */
}

/* The file's last name: *name as it was in tmp becomes what it is in new. */
static int publish(const struct maildir *maildir, const char *tmp, const struct writer *writer,
	char name[static NAME_MAX + 1])
{
	char made[NAME_MAX + 1];
	int err = -EEXIST;

	snprintf(made, sizeof(made), "%s", tmp);
	for (int tries = 0; err == -EEXIST && tries < TRIES; tries++) {
		if (tries > 0)
			maildir_name_make(made);
		snprintf(name, NAME_MAX + 1, "%.140s,S=%" PRIu64 ",W=%" PRIu64, made, writer->size,
			wire_end(&writer->wire));
		err = maildir_move(maildir, MAILDIR_TMP, tmp, MAILDIR_NEW, name);
	}
	return err;
}

/* What can't be promised is taken back; if that can't be, it stays. */
static int promise(const struct maildir *maildir, const char *tmp, const struct writer *writer,
	struct why *why)
{
	char name[NAME_MAX + 1];
	int err = sync_names(maildir);

	if (err)
		return why_errno(why, -err, maildir->path, "fsync its folders");
	err = publish(maildir, tmp, writer, name);
	if (err)
		return why_errno(why, -err, maildir->path, "name the message");
	err = disk_sync(maildir->folder[MAILDIR_NEW]);
	if (!err)
		return 0;
	(void)unlinkat(maildir->folder[MAILDIR_NEW], name, 0);
	return why_errno(why, -err, maildir->path, "fsync new");
}

static int deliver(struct writer *writer, const struct maildir *maildir,
	const struct spool_envelope *envelope, int fd, struct why *why)
{
	char tmp[NAME_MAX + 1];
	int err;

	writer->fd = open_tmp(maildir, tmp);
	if (writer->fd < 0)
		return why_errno(why, -writer->fd, maildir->path, "create a file in tmp");
	err = write_message(writer, maildir, envelope, fd, why);
	if (!err)
		err = promise(maildir, tmp, writer, why);
	fd_close(&writer->fd);
	if (err)
		(void)unlinkat(maildir->folder[MAILDIR_TMP], tmp, 0);
	return err;
}

int maildir_deliver(const struct maildir *maildir, const struct spool_envelope *envelope, int fd,
	struct why *why)
{
	struct writer *writer = malloc(sizeof(*writer));
	int err;

	if (!writer)
		return why_errno(why, ENOMEM, maildir->path, "deliver");
	writer->error = 0;
	writer->wire = (struct wire){0};
	writer->size = 0;
	writer->len = 0;
	err = deliver(writer, maildir, envelope, fd, why);
	free(writer);
	return err;
}

/*
 * mbox_append - a message goes to the end of a locked mailbox, whole or not at all.
 *
 * Order of operations: encode first, into memory, so that an ordinary message's size is known and
 * one write brings it in. A larger one is encoded twice, the first time only to be measured. Then
 * the note (so that a kill can be mended), the octets, the note's end. What fails on the way is
 * truncated back at once; where even that fails the note stays and the next one to lock the mailbox
 * does it.
 *
 * The message's octets come from anybody. What is on disk already belongs to the user and perhaps
 * to other programs: if it is no mbox, nothing is added to it.
 */
#include "mbox.h"

#include "append_note.h"
#include "base/fd.h"
#include "disk.h"
#include "incoming.h"
#include "mbox_from.h"
#include "note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE (256UL * 1024)
#define AHEAD_MAX   (64UL * 1024)
#define ST_BLOCK    512 /* octets that st_blocks counts as one: inode(7) */

/* Where encoded octets go: the buffer, and through it into the mailbox, or nowhere while measuring.
 */
struct writer {
	int fd;          /* -1: count what doesn't fit into the buffer and forget it */
	uint64_t offset; /* of the buffer's content */
	uint64_t total;
	size_t len;
	char buffer[BUFFER_SIZE];
};

static int flush(struct writer *writer)
{
	int err = fd_pwrite(writer->fd, writer->buffer, writer->len, writer->offset);

	writer->offset += writer->len;
	writer->len = 0;
	return err;
}

static int put(void *context, const char *text, size_t len)
{
	struct writer *writer = context;

	writer->total += len;
	while (len > 0) {
		size_t room = BUFFER_SIZE - writer->len;
		size_t part = len < room ? len : room;
		int err;

		memcpy(writer->buffer + writer->len, text, part);
		writer->len += part;
		text += part;
		len -= part;
		if (writer->len < BUFFER_SIZE)
			break;
		if (writer->fd < 0)
			return 0;
		err = flush(writer);
		if (err)
			return err;
	}
	return 0;
}

/* Where the text begins behind empty lines, LF or CRLF, as mbox_scan() knows them. */
static size_t skip_empty_lines(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t cr = text[at] == '\r' && at + 1 < len;

		if (text[at + cr] != '\n')
			break;
		at += cr + 1;
	}
	return at;
}

/*
 * Is the file an mbox, judged by its head: nothing but empty lines, or these and a From_ line?
 * Where nobody could read the mail it is not taken.
 */
static int check_head(const struct mbox *mbox, struct why *why)
{
	char head[4096];
	ssize_t len = fd_pread(mbox->fd, head, sizeof(head), 0);
	size_t at;

	if (len < 0)
		return why_errno(why, (int)-len, mbox->path, "read");
	at = skip_empty_lines(head, (size_t)len);
	if (at == (size_t)len || at >= sizeof(head) - 1 ||
		mbox_from_is_prefix(head + at, (size_t)len - at))
		return 0;
	return why_set(why, EBADMSG, WHY_TEMP, "4.3.0",
		"%s: not an mbox: does not begin with a From_ line", mbox->path);
}

/* What is missing at the mailbox's end to make the last line an empty one: "", "\n" or "\n\n". */
static int find_separator(const struct mbox *mbox, const char **out)
{
	uint64_t size = (uint64_t)mbox->st.st_size;
	char tail[3] = "\n\n\n"; /* a file's begin is as good as an empty line */
	size_t len = size < sizeof(tail) ? (size_t)size : sizeof(tail);
	ssize_t got = fd_pread(mbox->fd, tail + sizeof(tail) - len, len, size - len);

	if (got < 0)
		return (int)got;
	if (tail[2] != '\n')
		*out = "\n\n";
	else if (tail[1] == '\n' || (tail[1] == '\r' && tail[0] == '\n'))
		*out = "";
	else
		*out = "\n";
	return 0;
}

static int put_from(struct writer *writer, const struct spool_envelope *envelope)
{
	char line[MBOX_FROM_MAX];
	size_t len = mbox_from_make(envelope->sender, envelope->when, line);

	return put(writer, line, len);
}

/* All that the mailbox gets, from the separator to the next one. */
static int put_all(struct writer *writer, const struct mbox *mbox, const struct incoming *incoming)
{
	const char *separator = "";
	int err = find_separator(mbox, &separator);

	writer->offset = (uint64_t)mbox->st.st_size;
	writer->total = 0;
	writer->len = 0;
	if (!err)
		err = put(writer, separator, strlen(separator));
	if (!err)
		err = put_from(writer, incoming->envelope);
	if (!err)
		err = incoming_put(incoming, SPOOL_FORM_MBOXRD, put, writer);
	return err ? err : put(writer, "\n", 1);
}

/* Where the mailbox has no block left for `len` octets more it gets some for the next ones, too: as
 * much as it has already, up to AHEAD_MAX. They are freed with its next truncation, be it by
 * others. */
static void make_room(const struct mbox *mbox, uint64_t len)
{
	uint64_t size = (uint64_t)mbox->st.st_size;
	uint64_t ahead = size < AHEAD_MAX ? size : AHEAD_MAX;

	if (ahead > 0 && size + len > (uint64_t)mbox->st.st_blocks * ST_BLOCK)
		disk_look_ahead(mbox->fd, size, len + ahead);
}

/* Bring in what was measured: from the buffer if all of it is there, else by encoding it again. */
static int write_all(
	struct writer *writer, const struct mbox *mbox, const struct incoming *incoming)
{
	uint64_t measured = writer->total;
	int err = 0;

	writer->fd = mbox->fd;
	make_room(mbox, measured);
	if (measured > BUFFER_SIZE)
		err = put_all(writer, mbox, incoming);
	if (!err && writer->total != measured) /* somebody writes into the message */
		err = -EIO;
	return err ? err : flush(writer);
}

static int append(
	struct writer *writer, struct mbox *mbox, const struct incoming *incoming, struct why *why)
{
	uint64_t old_size = (uint64_t)mbox->st.st_size;
	int err;

	writer->fd = -1;
	err = put_all(writer, mbox, incoming);
	if (err)
		return why_errno(why, -err, mbox->path, "read the message");
	err = append_note_begin(mbox, old_size + writer->total, writer->buffer, writer->len);
	if (err)
		return note_refuse(mbox, -err, "note the delivery", why);
	err = write_all(writer, mbox, incoming);
	/* What can't even be taken back stays noted: the next one to lock the mailbox does it. */
	if (!err || disk_truncate(mbox->fd, old_size) == 0)
		append_note_end(mbox);
	return err ? why_errno(why, -err, mbox->path, "write") : 0;
}

int mbox_append(struct mbox *mbox, const struct incoming *incoming, struct why *why)
{
	struct writer *writer;
	int err = check_head(mbox, why);

	if (err)
		return err;
	writer = malloc(sizeof(*writer));
	if (!writer)
		return why_errno(why, ENOMEM, mbox->path, "append");
	err = append(writer, mbox, incoming, why);
	free(writer);
	return err;
}

int mbox_append_sync(const struct mbox *mbox, struct why *why)
{
	int err = disk_sync(mbox->fd);

	return err ? why_errno(why, -err, mbox->path, "fsync") : 0;
}

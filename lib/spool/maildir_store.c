/*
 * maildir_store - a Maildir as one of libspool's stores.
 *
 * What a session was shown never changes: neither numbers nor sizes. Where each message is now is
 * found out when it is asked for.
 *
 * From new to cur a message goes when the session ends, if it was fetched and still is in new: it
 * has been handed to a reader, so it is no longer news to the user's other programs. It goes as
 * ":2,", without the S of "seen": whether it was read, or TOP showed its first lines, is not known
 * here, and IMAP or mutt on the same Maildir then show it as an unread message, not a recent one.
 * What was only listed, by a program that looks for new mail every minute, stays in new. It makes
 * no difference whether the session ends with QUIT: RFC 1939 section 6 forbids to remove anything
 * otherwise, and nothing is removed. No promise depends on the move, so it is not synced; a message
 * is in one of the two folders whenever the power goes out.
 */
#include "base/fd.h"
#include "flags.h"
#include "maildir.h"
#include "maildir_inspect.h"
#include "maildir_removal.h"
#include "maildir_table.h"
#include "state_file.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct maildir_box {
	struct maildir maildir;
	bool exists; /* else the maildrop is empty */
	struct maildir_table table;
};

static int deliver(const struct spool_place *place, const char *path,
	const struct incoming *incoming, struct why *why)
{
	struct maildir maildir;
	char name[PATH_MAX];
	int err = state_file_path(place->state, path, "removal", name);

	if (err) /* what nobody could remove messages from must not be made in the first place */
		return why_errno(why, -err, path, "open");
	err = maildir_create(&maildir, place, path, why);
	if (err)
		return err;
	err = maildir_deliver(&maildir, incoming, why);
	maildir_close(&maildir);
	return err;
}

static void tell_strange(const struct maildir_box *box)
{
	const struct spool_place *place = box->maildir.place;
	char text[PATH_MAX + 100];

	if (!place->note || box->table.strange == 0)
		return;
	snprintf(text, sizeof(text), "%s: not regular files of the owner's, left alone: %zu",
		box->maildir.path, box->table.strange);
	place->note(place->note_context, text);
}

static int list(struct maildir_box *box, struct why *why)
{
	int err = maildir_removal_recover(&box->maildir, why);

	if (err)
		return err;
	maildir_tmp_clean(&box->maildir, time(NULL));
	err = maildir_table_read(&box->table, &box->maildir);
	if (err)
		return why_errno(why, -err, box->maildir.path, "list its messages");
	tell_strange(box);
	return 0;
}

static int open_existing(
	struct maildir_box *box, const struct spool_place *place, const char *path, struct why *why)
{
	int err = maildir_open(&box->maildir, place, path, why);

	if (err)
		return err == -ENOENT ? 0 : err;
	box->exists = true;
	return list(box, why);
}

/* See above. Where it is, and what it is called, is what was found last: another program that has
 * moved it has done the same already. */
static void hand_over(const struct maildir_box *box, const struct maildir_message *message)
{
	bool has_info = message->name[message->parsed.base_len] != '\0';
	char name[NAME_MAX + 1];
	int len = snprintf(name, sizeof(name), "%s%s", message->name, has_info ? "" : ":2,");

	if (message->is_handed && message->folder == MAILDIR_NEW && len < (int)sizeof(name))
		(void)maildir_move(&box->maildir, MAILDIR_NEW, message->name, MAILDIR_CUR, name);
}

static void close_box(void *context)
{
	struct maildir_box *box = context;

	for (size_t n = 0; !box->maildir.place->keeps_new && n < box->table.len; n++)
		hand_over(box, &box->table.at[n]);
	maildir_table_done(&box->table);
	if (box->exists)
		maildir_close(&box->maildir);
	free(box);
}

static int open_box(void **out, const struct spool_place *place, const char *path, struct why *why)
{
	struct maildir_box *box = calloc(1, sizeof(*box));
	int err;

	if (!box)
		return why_errno(why, ENOMEM, path, "open");
	maildir_table_init(&box->table);
	box->maildir.place = place;
	err = open_existing(box, place, path, why);
	if (err)
		close_box(box);
	else
		*out = box;
	return err;
}

static size_t count(const void *context)
{
	const struct maildir_box *box = context;

	return box->table.len;
}

static uint64_t octets(const void *context)
{
	const struct maildir_box *box = context;
	uint64_t sum = 0;

	for (size_t n = 0; n < box->table.len; n++)
		sum += box->table.at[n].seen.octets;
	return sum;
}

static const struct spool_message *message(void *context, size_t n)
{
	const struct maildir_box *box = context;

	return &box->table.at[n].seen;
}

/* The file is named: of thousands it is one that somebody has to look at. */
static int fail_at(
	const struct maildir_box *box, size_t n, int err, const char *what, struct why *why)
{
	char text[100]; /* so much that the reason has room behind it */

	snprintf(text, sizeof(text), "%s %s", what, box->table.at[n].name);
	return why_errno(why, err, box->maildir.path, text);
}

static int fetch(void *context, size_t n, struct spool_extent *extent, struct why *why)
{
	struct maildir_box *box = context;
	struct maildir_message *found = &box->table.at[n];
	struct stat st;
	int fd = maildir_table_open(&box->table, &box->maildir, n, &st);
	int err;

	if (fd == -ESTALE)
		return why_set(why, ESTALE, WHY_TEMP, "4.2.0",
			"%s: another program has removed the message", box->maildir.path);
	if (fd < 0)
		return fail_at(box, n, -fd, "open", why);
	err = maildir_message_count(found, fd, &st);
	if (err) {
		fd_close(&fd);
		return fail_at(box, n, -err, "read", why);
	}
	found->is_handed = true;
	*extent = (struct spool_extent){.fd = fd,
		.offset = 0,
		.length = found->stamp.size,
		.form = SPOOL_FORM_PLAIN,
		.octets = found->octets,
		.stamp = found->stamp};
	return 0;
}

static int marks(void *context, size_t n, const struct spool_extent *extent, struct marks *marks)
{
	const struct maildir_box *box = context;
	const struct maildir_message *found = &box->table.at[n];
	struct stat st;

	if (fstat(extent->fd, &st) < 0)
		return -errno;
	marks->when = st.st_mtime;
	marks->has_flags = true;
	marks->flags = flags_of_info(found->name + found->parsed.base_len);
	if (found->folder == MAILDIR_CUR)
		marks->flags |= FLAG_OLD;
	return 0;
}

static bool is_marked(const unsigned char *bitmap, size_t n)
{
	return bitmap[n / 8] & 1u << n % 8;
}

/* Octets of the marked messages' base names, with a NUL each. */
static size_t text_size(const struct maildir_box *box, const unsigned char *bitmap)
{
	size_t size = 0;

	for (size_t n = 0; n < box->table.len; n++) {
		if (is_marked(bitmap, n))
			size += box->table.at[n].parsed.base_len + 1;
	}
	return size;
}

/* 0 or -ENOMEM. */
static int collect(
	const struct maildir_box *box, const unsigned char *bitmap, struct maildir_removal *removal)
{
	char *at = removal->text = malloc(text_size(box, bitmap) + 1);
	int err = at ? maildir_removal_reserve(removal, box->table.len) : -ENOMEM;

	for (size_t n = 0; !err && n < box->table.len; n++) {
		const struct maildir_message *marked = &box->table.at[n];
		size_t len = marked->parsed.base_len;

		if (!is_marked(bitmap, n))
			continue;
		memcpy(at, marked->name, len);
		at[len] = '\0';
		removal->at[removal->len++] = (struct maildir_target){
			.base = at, .inode = marked->is_twin ? marked->inode : 0};
		at += len + 1;
	}
	return err;
}

static int update(void *context, const unsigned char *bitmap, struct why *why)
{
	struct maildir_box *box = context;
	struct maildir_removal removal;
	int err;

	maildir_removal_init(&removal);
	err = collect(box, bitmap, &removal);
	if (err)
		why_errno(why, -err, box->maildir.path, "remove messages");
	else
		err = maildir_remove(&removal, &box->maildir, why);
	maildir_removal_done(&removal);
	return err;
}

const struct store store_maildir = {
	.prefix = "maildir:",
	.deliver = deliver,
	.open = open_box,
	.count = count,
	.octets = octets,
	.message = message,
	.fetch = fetch,
	.marks = marks,
	.adopter = &maildir_adopter,
	.update = update,
	.close = close_box,
	.inspect = maildir_inspect,
	.repair = maildir_repair,
};

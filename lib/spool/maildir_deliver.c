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
#include "maildir_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRIES 10 /* names that others have already */

static int write_message(struct maildir_write *write, const struct maildir *maildir,
	const struct incoming *incoming, struct why *why)
{
	int err = incoming_put(incoming, SPOOL_FORM_PLAIN, maildir_write_put, write);

	if (err && !write->error)
		return why_errno(why, -err, maildir->path, "read the message");
	if (!err)
		err = maildir_write_finish(write, NULL);
	return err ? why_errno(why, -err, maildir->path, "write") : 0;
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

	if (filled == 0)
		filled = maildir_each(maildir, MAILDIR_CUR, has_name, NULL);
	if (filled != 0)
		return filled < 0 ? filled : 0;
	return maildir_sync_names(maildir);
}

/* The file's last name: what it was called in tmp, and its sizes. */
static int publish(struct maildir_write *write, char name[static NAME_MAX + 1])
{
	char made[NAME_MAX + 1];
	int err = -EEXIST;

	snprintf(made, sizeof(made), "%s", write->name);
	for (int tries = 0; err == -EEXIST && tries < TRIES; tries++) {
		if (tries > 0)
			maildir_name_make(made);
		snprintf(name, NAME_MAX + 1, "%.140s,S=%" PRIu64 ",W=%" PRIu64, made, write->size,
			wire_end(&write->wire));
		err = maildir_write_name(write, MAILDIR_NEW, name);
	}
	return err;
}

/* What can't be promised is taken back; if that can't be, it stays. */
static int promise(struct maildir_write *write, const struct maildir *maildir, struct why *why)
{
	char name[NAME_MAX + 1];
	int err = sync_names(maildir);

	if (err)
		return why_errno(why, -err, maildir->path, "fsync its folders");
	err = publish(write, name);
	if (err)
		return why_errno(why, -err, maildir->path, "name the message");
	err = disk_sync(maildir->folder[MAILDIR_NEW]);
	if (!err)
		return 0;
	(void)unlinkat(maildir->folder[MAILDIR_NEW], name, 0);
	return why_errno(why, -err, maildir->path, "fsync new");
}

static int deliver(struct maildir_write *write, const struct maildir *maildir,
	const struct incoming *incoming, struct why *why)
{
	int err = maildir_write_begin(write, maildir);

	if (err)
		return why_errno(why, -err, maildir->path, "create a file in tmp");
	err = write_message(write, maildir, incoming, why);
	if (!err)
		err = promise(write, maildir, why);
	maildir_write_done(write);
	return err;
}

int maildir_deliver(const struct maildir *maildir, const struct incoming *incoming, struct why *why)
{
	struct maildir_write *write = malloc(sizeof(*write));
	int err;

	if (!write)
		return why_errno(why, ENOMEM, maildir->path, "deliver");
	err = deliver(write, maildir, incoming, why);
	free(write);
	return err;
}

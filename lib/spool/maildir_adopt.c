/*
 * maildir_adopt - a Maildir takes over a message: octet for octet, with the time when it came as
 * the file's, and what its header says of it in the name and in the choice of the folder. The
 * name's time keeps the order that the messages had; behind it stands the unique-id that clients
 * know.
 */
#include "adopt.h"
#include "base/fd.h"
#include "disk.h"
#include "flags.h"
#include "maildir.h"
#include "maildir_name.h"
#include "maildir_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TRIES 10

struct box {
	struct maildir maildir;
	struct maildir_write write;
};

static int open_box(
	void **context, const struct spool_place *place, const char *path, struct why *why)
{
	struct box *box = malloc(sizeof(*box));
	int err;

	if (!box)
		return why_errno(why, ENOMEM, path, "open");
	err = maildir_create(&box->maildir, place, path, why);
	if (err) {
		free(box);
		return err;
	}
	err = maildir_sync_names(&box->maildir); /* before there is anything in it */
	if (err) {
		why_errno(why, -err, path, "fsync its folders");
		maildir_close(&box->maildir);
		free(box);
		return err;
	}
	*context = box;
	return 0;
}

static struct identity identity(const void *context)
{
	const struct box *box = context;

	return identity_of(box->maildir.root);
}

static int make_name(const struct maildir_write *write, const struct adoption *adoption,
	bool is_new, char name[static NAME_MAX + 1])
{
	uint64_t dice;
	size_t len;

	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		return -errno;
	snprintf(name, NAME_MAX + 1,
		"%" PRIu64 ".M%06uR%016" PRIx64 ".converted,S=%" PRIu64 ",W=%" PRIu64,
		adoption->seconds, adoption->microseconds, dice, write->size,
		wire_end(&write->wire));
	(void)maildir_name_add_uidl(name, adoption->uidl); /* or else clients see a new message */
	len = strlen(name);
	if (!is_new && len + FLAGS_INFO_SIZE <= NAME_MAX)
		flags_info(adoption->marks.flags, name + len);
	return 0;
}

static int publish(struct maildir_write *write, const struct adoption *adoption)
{
	bool is_new = adoption->marks.flags == 0;
	char name[NAME_MAX + 1];
	int err = -EEXIST;

	for (int tries = 0; err == -EEXIST && tries < TRIES; tries++) {
		err = make_name(write, adoption, is_new, name);
		if (!err)
			err = maildir_write_name(write, is_new ? MAILDIR_NEW : MAILDIR_CUR, name);
	}
	return err;
}

/* Another program may have rewritten the source since its facts were read, and then what was
 * written may be anything. */
static int check(const struct maildir_write *write, const struct adoption *adoption)
{
	struct spool_extent written = {
		.fd = write->fd, .length = write->size, .form = SPOOL_FORM_PLAIN};
	struct facts facts;
	int err;

	if (!extent_is_touched(adoption->extent))
		return 0;
	err = facts_read(&written, &facts);
	if (!err && memcmp(facts.whole, adoption->facts->whole, sizeof(facts.whole)) != 0)
		err = -ESTALE;
	return err;
}

static int write_and_publish(
	struct maildir_write *write, const struct adoption *adoption, struct why *why)
{
	struct extent_taker taker = {.take = maildir_write_put, .context = write};
	const char *path = write->maildir->path;
	const time_t *when = adoption->marks.when < 0 ? NULL : &adoption->marks.when;
	int err = extent_read(adoption->extent, &taker);

	if (err && !write->error)
		return why_errno(why, -err, path, "read the message");
	if (!err)
		err = maildir_write_finish(write, when);
	if (err)
		return why_errno(why, -err, path, "write");
	err = check(write, adoption);
	if (err)
		return why_errno(why, -err, path, "changed while it was read");
	err = publish(write, adoption);
	return err ? why_errno(why, -err, path, "name the message") : 0;
}

static int adopt(void *context, const struct adoption *adoption, struct why *why)
{
	struct box *box = context;
	int err = maildir_write_begin(&box->write, &box->maildir);

	if (err)
		return why_errno(why, -err, box->maildir.path, "create a file in tmp");
	err = write_and_publish(&box->write, adoption, why);
	maildir_write_done(&box->write);
	return err;
}

static int settle(void *context, struct why *why)
{
	struct box *box = context;
	int err = disk_sync(box->maildir.folder[MAILDIR_NEW]);

	if (!err)
		err = disk_sync(box->maildir.folder[MAILDIR_CUR]);
	return err ? why_errno(why, -err, box->maildir.path, "fsync its folders") : 0;
}

static void close_box(void *context)
{
	struct box *box = context;

	maildir_close(&box->maildir);
	free(box);
}

const struct adopter maildir_adopter = {open_box, identity, adopt, settle, close_box};

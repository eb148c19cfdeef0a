/*
 * mbox_adopt - an mbox takes over a message.
 *
 * What a Maildir notes in names goes into the header, in front of all else: it overrides what
 * stands there, for that comes from whoever has sent the message, unless both say the same. Then
 * not an octet is changed, so that a message which came out of an mbox goes back as it was. Other
 * programs' own fields are dropped as on any delivery: whoever reads an mbox believes them.
 */
#include "adopt.h"
#include "base/fd.h"
#include "disk.h"
#include "flags.h"
#include "incoming.h"
#include "mbox.h"
#include "uidl_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRONT_SIZE (SPOOL_UIDL_SIZE + FLAGS_FIELDS_SIZE + 16)

struct box {
	const struct spool_place *place;
	const char *path;
	struct identity identity;
};

static int open_box(
	void **context, const struct spool_place *place, const char *path, struct why *why)
{
	struct box *box = malloc(sizeof(*box));
	struct mbox mbox;
	int err;

	if (!box)
		return why_errno(why, ENOMEM, path, "open");
	err = mbox_lock(&mbox, place, path, true, why);
	if (err) {
		free(box);
		return err;
	}
	*box = (struct box){.place = place, .path = path, .identity = identity_of(mbox.fd)};
	mbox_close(&mbox);
	err = disk_sync_name(path);
	if (err) {
		free(box);
		return why_errno(why, -err, path, "fsync its folder");
	}
	*context = box;
	return 0;
}

static struct identity identity(const void *context)
{
	const struct box *box = context;

	return box->identity;
}

/* The unique-id must be written down, or else is what the message has anyway. */
static bool wants_uidl(const struct box *box, const struct adoption *adoption)
{
	return box->place->uidl == SPOOL_UIDL_X_UIDL && strlen(adoption->uidl) <= UIDL_KEPT_MAX &&
	       strcmp(adoption->uidl, adoption->facts->uidl) != 0 &&
	       strcmp(adoption->uidl, adoption->facts->hash) != 0;
}

/* What comes in front of the message. Nothing does where it would take the first line for its own,
 * which would be dropped with it the next time: a mark less, but no octet. */
static void make_front(const struct box *box, const struct adoption *adoption, bool is_same,
	char front[static FRONT_SIZE])
{
	const struct facts *facts = adoption->facts;
	char fields[FLAGS_FIELDS_SIZE] = "";
	int len = 0;

	*front = '\0';
	if (facts->begins_folded)
		return;
	if (wants_uidl(box, adoption))
		len = snprintf(front, FRONT_SIZE, "X-UIDL: %s\n", adoption->uidl);
	if (!is_same)
		flags_fields(adoption->marks.flags, fields);
	len += snprintf(front + len, FRONT_SIZE - (size_t)len, "%s", fields);
	if (len == 0 &&
		facts->has_padding) /* as the first field it would be ours, not the message's */
		snprintf(front, FRONT_SIZE, "X-Status: \n");
}

/* What is dropped and what comes in place of it. */
static void rewrite(const struct box *box, const struct adoption *adoption,
	const char *dropped[static 8], char front[static FRONT_SIZE])
{
	const struct facts *facts = adoption->facts;
	bool is_same =
		!adoption->marks.has_flags || flags_are_same(adoption->marks.flags, facts->flags);

	make_front(box, adoption, is_same, front);
	*dropped++ = "X-UID";
	*dropped++ = "X-IMAP*";
	*dropped++ = "X-Keywords";
	if (strcmp(adoption->uidl, facts->uidl) != 0)
		*dropped++ = "X-UIDL";
	if (!is_same) {
		*dropped++ = "Status";
		*dropped++ = "X-Status";
	}
	*dropped = NULL;
}

/* On disk before the next one: a power cut tears one message at the most. */
static int append(const struct box *box, const struct incoming *incoming, struct why *why)
{
	struct mbox mbox;
	int err = mbox_lock(&mbox, box->place, box->path, false, why);

	if (err == -ENOENT)
		return why_errno(why, ENOENT, box->path, "open");
	if (err)
		return err;
	if (!identity_is_same(identity_of(mbox.fd), box->identity))
		err = why_set(why, ESTALE, WHY_TEMP, "4.3.0",
			"%s: another program has put another file in its place", box->path);
	else
		err = mbox_append(&mbox, incoming, why);
	mbox_unlock(&mbox);
	if (!err)
		err = mbox_append_sync(&mbox, why);
	mbox_close(&mbox);
	return err;
}

static int adopt(void *context, const struct adoption *adoption, struct why *why)
{
	struct box *box = context;
	const char *dropped[8];
	char front[FRONT_SIZE];
	struct incoming_rewrite how = {.front = front, .dropped = dropped};
	struct spool_envelope envelope = {
		.sender = adoption->facts->sender, .when = adoption->marks.when};
	struct incoming incoming = {.envelope = &envelope,
		.fd = adoption->extent->fd,
		.size = adoption->extent->length,
		.rewrite = &how};

	if (adoption->extent->offset != 0 || adoption->extent->form != SPOOL_FORM_PLAIN)
		return why_errno(why, EOPNOTSUPP, box->path, "convert"); /* no Maildir's */
	if (envelope.when < 0)
		envelope.when = (time_t)adoption->seconds;
	rewrite(box, adoption, dropped, front);
	return append(box, &incoming, why);
}

/* What was found there already may be of somebody who was killed in front of his fsync. */
static int settle(void *context, struct why *why)
{
	const struct box *box = context;
	struct stat st;
	int fd = mbox_open_path(box->place, box->path, O_RDWR, &st, why);
	int err;

	if (fd == -ENOENT)
		return why_errno(why, ENOENT, box->path, "open");
	if (fd < 0)
		return fd;
	err = disk_sync(fd);
	fd_close(&fd);
	return err ? why_errno(why, -err, box->path, "fsync") : 0;
}

static void close_box(void *context)
{
	free(context);
}

const struct adopter mbox_adopter = {open_box, identity, adopt, settle, close_box};

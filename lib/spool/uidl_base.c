/* uidl_base - see uidl_base.h. Trusts the state folder, which is the mailbox owner's alone. */
#include "uidl_base.h"

#include "base/fd.h"
#include "base/num.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "<validity> <last>\n" */
static int parse_base(const char *text, struct uidl_file *base)
{
	size_t first = strcspn(text, " ");
	const char *second = text + first + (text[first] == ' ');
	size_t len = strcspn(second, "\n");
	uint64_t validity, last;

	if (second[len] != '\n' || num_parse(text, first, UINT32_MAX, &validity) < 0 ||
		num_parse(second, len, UINT32_MAX, &last) < 0)
		return -EBADMSG;
	base->validity = (uint32_t)validity;
	base->last = (uint32_t)last;
	return 0;
}

static int read_base(const char *path, struct uidl_file *base)
{
	int fd = state_file_open(path, 0);
	char text[32];
	ssize_t len;

	if (fd < 0)
		return fd;
	len = fd_pread(fd, text, sizeof(text) - 1, 0);
	fd_close(&fd);
	if (len < 0)
		return (int)len;
	text[len] = '\0';
	return parse_base(text, base);
}

static int write_base(const char *path, const struct uidl_file *base)
{
	int fd = state_draft_open(path);
	char text[32];
	int len = snprintf(text, sizeof(text), "%u %u\n", base->validity, base->last);
	int err;

	if (fd < 0)
		return fd;
	err = fd_pwrite(fd, text, (size_t)len, 0);
	if (err)
		state_draft_drop(path);
	else
		err = state_draft_commit(path, fd);
	fd_close(&fd);
	return err;
}

void uidl_base_begin(struct mbox_table *table, const struct spool_place *place, const char *path)
{
	char file[PATH_MAX];

	table->uidls = (struct uidl_file){.format = place->uidl};
	if (place->uidl == SPOOL_UIDL_DOVECOT &&
		state_file_path(place->state, path, "uidvalidity", file) == 0)
		(void)read_base(file, &table->uidls);
}

void uidl_base_end(
	const struct mbox_table *table, const struct spool_place *place, const char *path)
{
	const struct uidl_file *now = &table->uidls;
	struct uidl_file kept = {0};
	char file[PATH_MAX];
	char text[PATH_MAX + 100];
	int err;

	if (now->format != SPOOL_UIDL_DOVECOT || now->validity == 0)
		return;
	err = state_file_path(place->state, path, "uidvalidity", file);
	if (!err && read_base(file, &kept) == 0 && kept.validity == now->validity &&
		kept.last == now->last)
		return;
	if (!err)
		err = write_base(file, now);
	if (!err || !place->note)
		return;
	snprintf(text, sizeof(text),
		"%s: can't keep its UIDVALIDITY, and unique-ids may change: %s", path,
		strerror(-err));
	place->note(place->note_context, text);
}

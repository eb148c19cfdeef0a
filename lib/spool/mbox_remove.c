/*
 * mbox_remove - see mbox_remove.h.
 *
 * Messages go with all that belongs to them, From_ line and separator, so what is kept fits
 * together without a look at it. If nothing is kept behind the first one that goes (the whole
 * mailbox was fetched, or its last messages), one ftruncate does it, which is atomic by itself. All
 * else is the journal's.
 */
#include "mbox_remove.h"

#include "append_note.h"
#include "disk.h"
#include "journal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_marked(const unsigned char *bitmap, size_t n)
{
	return bitmap[n / 8] & 1u << n % 8;
}

static size_t first_marked(const struct mbox_table *table, const unsigned char *bitmap)
{
	size_t n = 0;

	while (n < table->len && !is_marked(bitmap, n))
		n++;
	return n;
}

/* What is kept from message `first` on, neighbours as one. Returns how many extents. */
static size_t find_kept(const struct mbox_table *table, const unsigned char *bitmap, size_t first,
	struct journal_extent *kept)
{
	size_t count = 0;

	for (size_t n = first; n < table->len; n++) {
		uint64_t from = table->at[n].from;
		uint64_t length = mbox_table_end(table, n) - from;

		if (is_marked(bitmap, n))
			continue;
		if (count > 0 && kept[count - 1].offset + kept[count - 1].length == from)
			kept[count - 1].length += length;
		else
			kept[count++] = (struct journal_extent){from, length};
	}
	return count;
}

static int truncate_to(const struct mbox *mbox, uint64_t size, struct why *why)
{
	int err = disk_truncate(mbox->fd, size);

	if (!err)
		err = disk_sync(mbox->fd);
	return err ? why_errno(why, -err, mbox->path, "truncate") : 0;
}

int mbox_remove(const struct mbox *mbox, const struct mbox_table *table,
	const unsigned char *bitmap, struct why *why)
{
	size_t first = first_marked(table, bitmap);
	struct journal_extent *kept;
	uint64_t start;
	size_t count;
	int err;

	if (first == table->len)
		return 0;
	start = first > 0 ? table->at[first].from : 0; /* no empty lines in front of nothing */
	kept = calloc(table->len - first, sizeof(*kept));
	if (!kept)
		return why_errno(why, ENOMEM, mbox->path, "remove messages");
	count = find_kept(table, bitmap, first, kept);
	if (count == 0) {
		err = truncate_to(mbox, start, why);
	} else {
		err = append_note_remove(mbox);
		err = err ? why_errno(why, -err, mbox->path, "remove messages")
			  : journal_run(mbox, start, kept, count, why);
	}
	free(kept);
	return err;
}

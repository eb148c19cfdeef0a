/*
 * mbox_remove - see mbox_remove.h.
 *
 * Messages go with all that belongs to them, From_ line and separator, so what is kept fits
 * together without a look at it. There are three ways:
 *
 *	Nothing is kept behind the first one that goes (the whole mailbox was fetched, or its last
 *	messages): the end is cut off (shorten.h).
 *	Much is kept: blocks are cut out of the file, if its file system can (cut.h). That costs the
 *	same for a mailbox of a gigabyte, but leaves padding.
 *	Else, and when padding has become a quarter of the mailbox: all that is kept moves down
 *	(journal.h), and padding is left out.
 */
#include "mbox_remove.h"

#include "base/fd.h"
#include "cut.h"
#include "journal.h"
#include "mbox_from.h"
#include "shorten.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Less than this is moved in one piece, with as many syncs as a cut needs, and leaves no padding.
 */
#define MOVED_AT_ONCE (256UL * 1024)

#define CUTS_MAX     16384
#define PADDING_FREE (64UL * 1024) /* so much is never too much */
#define PADDED       256 /* no From_ line is so long; fewer octets of padding don't matter */

struct removal {
	struct mbox *mbox;
	const struct mbox_table *table;
	const unsigned char *bitmap;
	struct mbox_table *left;
};

static bool is_marked(const struct removal *removal, size_t n)
{
	return removal->bitmap[n / 8] & 1u << n % 8;
}

static size_t first_marked(const struct removal *removal)
{
	size_t n = 0;

	while (n < removal->table->len && !is_marked(removal, n))
		n++;
	return n;
}

/* Where message n's octets begin; with the first one goes what is in front of it, empty lines. */
static uint64_t begin(const struct removal *removal, size_t n)
{
	return n > 0 ? removal->table->at[n].from : 0;
}

static uint64_t octets(const struct removal *removal, size_t n)
{
	return mbox_table_end(removal->table, n) - removal->table->at[n].from;
}

static uint64_t count_kept(const struct removal *removal, size_t first)
{
	uint64_t sum = 0;

	for (size_t n = first; n < removal->table->len; n++)
		sum += is_marked(removal, n) ? 0 : octets(removal, n);
	return sum;
}

/* Message n is kept, at these places. 0 or -ENOMEM. */
static int leave(const struct removal *removal, size_t n, uint64_t from, uint64_t offset)
{
	struct mbox_message *message;
	int err = mbox_table_add(removal->left, &message);

	if (err)
		return err;
	*message = removal->table->at[n];
	message->seen.uidl[message->uidl_len] = '\0';
	message->from = from;
	message->offset = offset;
	return 0;
}

/* All in front of message `first` stay where they are. */
static int leave_front(const struct removal *removal, size_t first)
{
	int err = 0;

	for (size_t n = 0; !err && n < first; n++)
		err = leave(removal, n, removal->table->at[n].from, removal->table->at[n].offset);
	return err;
}

static int truncate_to(const struct removal *removal, size_t first)
{
	uint64_t size = begin(removal, first);
	int err = leave_front(removal, first);

	removal->left->size = size;
	return err ? err : shorten(removal->mbox, size);
}

static bool is_padded(const struct mbox_message *message)
{
	return message->offset - message->from > PADDED;
}

/* Would there be too much padding if this were done? */
static bool is_wasteful(const struct removal *removal, const struct cut_plan *plan)
{
	uint64_t size = plan->end;
	uint64_t padding = 0;

	for (size_t n = 0; n < removal->table->len; n++) {
		const struct mbox_message *message = &removal->table->at[n];

		if (!is_marked(removal, n) && is_padded(message))
			padding += message->offset - message->from;
	}
	for (size_t i = 0; i < plan->count; i++) {
		padding += cut_piece_len(&plan->at[i]);
		size -= plan->at[i].len;
	}
	return padding > PADDING_FREE && padding > size / 4;
}

static int leave_cut(const struct removal *removal, const struct cut_plan *plan)
{
	const struct cut *cut = plan->at;
	uint64_t shift = 0;
	int err = 0;

	for (size_t n = 0; !err && n < removal->table->len; n++) {
		const struct mbox_message *message = &removal->table->at[n];
		uint64_t from = message->from - shift;

		if (is_marked(removal, n))
			continue;
		if (cut < plan->at + plan->count && cut->from == message->from) {
			from = cut->hole - shift;
			shift += cut->len;
			cut++;
		}
		err = leave(removal, n, from, message->offset - shift);
	}
	removal->left->size = plan->end - shift;
	return err;
}

/* -EOPNOTSUPP: it can't be done, or not well. */
static int run_cut(const struct removal *removal, struct cut_plan *plan, struct why *why)
{
	int err;

	if (plan->count > CUTS_MAX || is_wasteful(removal, plan))
		return -EOPNOTSUPP;
	err = note_remove(removal->mbox);
	if (err)
		return why_errno(why, -err, removal->mbox->path, "remove messages");
	err = cut_run(removal->mbox, plan, why);
	if (!err && leave_cut(removal, plan) < 0)
		mbox_table_done(removal->left); /* no memory: the next one scans */
	return err;
}

static int try_cut(const struct removal *removal, struct why *why)
{
	struct cut_plan plan;
	int err = cut_plan_make(&plan, removal->mbox, removal->table, removal->bitmap);

	if (err == -EOPNOTSUPP)
		return err;
	if (err)
		return why_errno(why, -err, removal->mbox->path, "remove messages");
	err = run_cut(removal, &plan, why);
	cut_plan_done(&plan);
	return err;
}

struct kept {
	struct journal_extent *at;
	size_t count;
	uint64_t octets;
};

/* [from, to) is kept. Neighbours become one. */
static void keep(struct kept *kept, uint64_t from, uint64_t to)
{
	struct journal_extent *next = kept->at + kept->count;

	kept->octets += to - from;
	if (kept->count > 0 && next[-1].offset + next[-1].length == from) {
		next[-1].length += to - from;
		return;
	}
	*next = (struct journal_extent){from, to - from};
	kept->count++;
}

/* The octets of message n's From_ line without padding, or with it where there is little. */
static int from_line_length(const struct removal *removal, size_t n, uint64_t *out)
{
	const struct mbox_message *message = &removal->table->at[n];
	char line[MBOX_FROM_MAX];
	const char *lf = NULL;

	*out = message->offset - message->from;
	if (is_padded(message)) {
		ssize_t len = fd_pread(removal->mbox->fd, line, sizeof(line), message->from);

		if (len < 0)
			return (int)len;
		lf = memchr(line, '\n', (size_t)len);
	}
	if (lf && (size_t)(lf + 1 - line) < *out)
		*out = (size_t)(lf + 1 - line);
	return 0;
}

static int keep_message(const struct removal *removal, size_t n, uint64_t start, struct kept *kept)
{
	const struct mbox_message *message = &removal->table->at[n];
	uint64_t from = start + kept->octets;
	uint64_t line;
	int err = from_line_length(removal, n, &line);

	if (err)
		return err;
	keep(kept, message->from, message->from + line);
	keep(kept, message->offset, mbox_table_end(removal->table, n));
	return leave(removal, n, from, from + line);
}

static int move_down(
	const struct removal *removal, size_t first, struct kept *kept, struct why *why)
{
	uint64_t start = begin(removal, first);
	int err = leave_front(removal, first);

	for (size_t n = first; !err && n < removal->table->len; n++)
		err = is_marked(removal, n) ? 0 : keep_message(removal, n, start, kept);
	removal->left->size = start + kept->octets;
	if (!err)
		err = note_remove(removal->mbox);
	if (err)
		return why_errno(why, -err, removal->mbox->path, "remove messages");
	return journal_run(removal->mbox, start, kept->at, kept->count, why);
}

/* Where to begin with leaving padding out. */
static size_t first_to_move(const struct removal *removal)
{
	size_t n = 0;

	while (!is_marked(removal, n) && !is_padded(&removal->table->at[n]))
		n++;
	return n;
}

static int move(const struct removal *removal, struct why *why)
{
	size_t first = first_to_move(removal);
	struct kept kept = {.at = calloc(2 * (removal->table->len - first), sizeof(*kept.at))};
	int err;

	if (!kept.at)
		return why_errno(why, ENOMEM, removal->mbox->path, "remove messages");
	err = move_down(removal, first, &kept, why);
	free(kept.at);
	return err;
}

static int remove_marked(const struct removal *removal, size_t first, struct why *why)
{
	uint64_t kept = count_kept(removal, first);
	int err = -EOPNOTSUPP;

	if (kept == 0) {
		err = truncate_to(removal, first);
		return err ? why_errno(why, -err, removal->mbox->path, "truncate") : 0;
	}
	if (kept > MOVED_AT_ONCE)
		err = try_cut(removal, why);
	if (err != -EOPNOTSUPP)
		return err;
	mbox_table_done(removal->left);
	return move(removal, why);
}

int mbox_remove(struct mbox *mbox, const struct mbox_table *table, const unsigned char *bitmap,
	struct mbox_table *left, struct why *why)
{
	struct removal removal = {mbox, table, bitmap, left};
	size_t first = first_marked(&removal);
	int err;

	if (first == table->len) {
		err = leave_front(&removal, first);
		left->size = table->size;
		return err;
	}
	err = remove_marked(&removal, first, why);
	if (err)
		mbox_table_done(left);
	return err;
}

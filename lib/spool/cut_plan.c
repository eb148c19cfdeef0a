/*
 * cut_plan - see cut_plan.h. Trusts the table (a scan of the locked mailbox); reads the From_ lines
 * in the mailbox, which anybody may have written.
 */
#include "cut_plan.h"

#include "base/fd.h"
#include "disk.h"
#include "mbox_from.h"
#include "mbox_pad.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* A piece has less than a block on either side, a From_ line, and what a field needs at least. */
#define PIECE_MAX (1UL << 20)

#define EMPTY_LINE_MAX 4 /* octets of the two line ends that make an empty line */

uint64_t cut_piece_len(const struct cut *cut)
{
	return cut->text - cut->hole - cut->len;
}

uint64_t cut_shield_len(const struct cut *cut)
{
	uint64_t end = cut->at + cut->len;

	return cut->len > 0 && end + EMPTY_LINE_MAX > cut->from ? cut->text - end : 0;
}

void cut_piece_make(const struct cut_plan *plan, const struct cut *cut, char *out, uint64_t len)
{
	memcpy(out, plan->lines + cut->line, cut->line_len);
	if (len > cut->line_len)
		mbox_pad_make(out + cut->line_len, len - cut->line_len);
}

void cut_plan_done(struct cut_plan *plan)
{
	free(plan->at);
	free(plan->lines);
	*plan = (struct cut_plan){0};
}

static uint64_t round_up(uint64_t offset, uint64_t unit)
{
	return (offset + unit - 1) / unit * unit;
}

/* Can a From_ line and, if there is more room, a field be made of len octets? */
static bool is_room(const struct cut *cut, uint64_t len)
{
	return len == cut->line_len || len >= cut->line_len + MBOX_PAD_MIN;
}

static bool is_good(const struct cut *cut)
{
	uint64_t shield = cut_shield_len(cut);

	return is_room(cut, cut_piece_len(cut)) &&
	       (shield == 0 || (shield > CUT_EMPTY_LEN && is_room(cut, shield - CUT_EMPTY_LEN))) &&
	       (cut->len == 0 || cut->at + cut->len < cut->text);
}

/* As many blocks as leave what has to be left. They don't reach the text, so they never reach the
 * mailbox's end, which the system would refuse. */
static int choose_blocks(struct cut *cut, uint64_t unit)
{
	cut->at = round_up(cut->hole, unit);
	cut->len = cut->text > cut->at ? (cut->text - cut->at) / unit * unit : 0;
	while (cut->len > 0 && !is_good(cut))
		cut->len -= unit;
	if (cut->len == 0)
		cut->at = cut->hole;
	return is_good(cut) ? 0 : -EOPNOTSUPP;
}

/* Append the hole's From_ line to the plan's. One that is longer than any that libspool writes
 * stays where it is: -EOPNOTSUPP. */
static int take_line(struct cut_plan *plan, const struct mbox *mbox, struct cut *cut)
{
	char *line = plan->lines + plan->lines_len;
	ssize_t len = fd_pread(mbox->fd, line, MBOX_FROM_MAX, cut->from);
	const char *lf;

	if (len < 0)
		return (int)len;
	lf = memchr(line, '\n', (size_t)len);
	if (!lf || !mbox_from_is_prefix(line, (size_t)len))
		return -EOPNOTSUPP;
	cut->line = plan->lines_len;
	cut->line_len = (size_t)(lf + 1 - line);
	plan->lines_len += cut->line_len;
	return 0;
}

static bool is_marked(const unsigned char *bitmap, size_t n)
{
	return bitmap[n / 8] & 1u << n % 8;
}

/* The hole of the marked messages from `first` on, up to the kept message `next`. */
static int add_hole(struct cut_plan *plan, const struct mbox *mbox, const struct mbox_table *table,
	size_t first, size_t next, uint64_t unit)
{
	struct cut *cut = &plan->at[plan->count];
	int err;

	*cut = (struct cut){.from = table->at[next].from, .text = table->at[next].offset};
	cut->hole = first > 0 ? table->at[first].from : 0; /* no empty lines in front of nothing */
	err = take_line(plan, mbox, cut);
	if (!err)
		err = choose_blocks(cut, unit);
	plan->count += !err;
	return err;
}

/* What will be read of a hole, From_ line and what is kept around it, before it is asked for: many
 * at once are faster than one after the other. */
static void read_ahead(
	const struct mbox *mbox, const struct mbox_table *table, const unsigned char *bitmap)
{
	for (size_t n = 1; n < table->len; n++) {
		if (is_marked(bitmap, n) == is_marked(bitmap, n - 1))
			continue;
		posix_fadvise(mbox->fd, (off_t)table->at[n].from - 1,
			(off_t)(table->at[n].offset - table->at[n].from) + 2, POSIX_FADV_WILLNEED);
	}
}

static int add_holes(struct cut_plan *plan, const struct mbox *mbox, const struct mbox_table *table,
	const unsigned char *bitmap, uint64_t unit)
{
	size_t first = 0;

	while (first < table->len) {
		size_t next = first;
		int err;

		while (next < table->len && is_marked(bitmap, next))
			next++;
		if (next == table->len) {
			plan->end = first > 0 ? table->at[first].from : 0;
			return 0;
		}
		err = next > first ? add_hole(plan, mbox, table, first, next, unit) : 0;
		if (err)
			return err;
		first = next + 1;
	}
	return 0;
}

static size_t count_holes(const struct mbox_table *table, const unsigned char *bitmap)
{
	size_t count = 0;

	for (size_t n = 0; n < table->len; n++)
		count += is_marked(bitmap, n) && (n == 0 || !is_marked(bitmap, n - 1));
	return count;
}

/* A file with holes, which no mail program makes, could not be mended (cut_mend.h). */
static bool has_hole(const struct mbox *mbox)
{
	uint64_t begin, end;

	return disk_find_hole(mbox->fd, 0, &begin, &end) < 0 || begin < end;
}

int cut_plan_make(struct cut_plan *plan, const struct mbox *mbox, const struct mbox_table *table,
	const unsigned char *bitmap)
{
	uint64_t unit = disk_cut_unit(mbox->fd);
	size_t holes = count_holes(table, bitmap);
	int err;

	*plan = (struct cut_plan){.unit = unit, .size = table->size, .end = table->size};
	if (unit == 0 || has_hole(mbox))
		return -EOPNOTSUPP;
	plan->at = calloc(holes + 1, sizeof(*plan->at));
	plan->lines = malloc((holes + 1) * MBOX_FROM_MAX);
	read_ahead(mbox, table, bitmap);
	err = plan->at && plan->lines ? add_holes(plan, mbox, table, bitmap, unit) : -ENOMEM;
	if (err)
		cut_plan_done(plan);
	return err;
}

static bool is_sound(const struct cut_plan *plan, const struct cut *cut)
{
	if (cut->hole > cut->at || cut->at > cut->text || cut->len > cut->text - cut->at ||
		cut->from < cut->hole || cut->from > cut->text || cut->text > plan->end ||
		cut->line > plan->lines_len || cut->line_len > plan->lines_len - cut->line)
		return false;
	return cut_piece_len(cut) <= PIECE_MAX && is_good(cut);
}

bool cut_plan_is_sound(const struct cut_plan *plan)
{
	uint64_t at = 0;

	for (size_t i = 0; i < plan->count; i++) {
		if (plan->at[i].hole < at || !is_sound(plan, &plan->at[i]))
			return false;
		at = plan->at[i].text;
	}
	return plan->unit > 0 && plan->unit <= PIECE_MAX && plan->end <= plan->size;
}

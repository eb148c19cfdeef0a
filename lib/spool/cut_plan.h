/*
 * cut_plan - which blocks of a mailbox go when messages are removed, and what becomes of the rest.
 *
 * A hole is a run of messages that go, and whatever padding the message behind it has already. The
 * whole blocks in it are cut out. Up to the next border on either side something is left; there
 * goes the From_ line of the message behind the hole, and the remainder is padding (mbox_pad.h):
 *
 *	... kept | From_ removed removed removed | From_ text ...
 *	         ^hole      ^at          ^at+len          ^text
 *	... kept | From_ padding | text ...
 *
 * A hole without a message behind it is the mailbox's end, which is cut off.
 */
#ifndef SPOOL_CUT_PLAN_H
#define SPOOL_CUT_PLAN_H

#include "mbox.h"
#include "mbox_table.h"

/* All offsets are those of the mailbox before anything is done. */
struct cut {
	uint64_t hole;
	uint64_t at;
	uint64_t len;  /* a multiple of disk_cut_unit(); 0: too little for a block */
	uint64_t from; /* the From_ line of the message behind the hole */
	uint64_t text; /* what is kept of it behind From_ line and padding */
	uint64_t line; /* the From_ line: where in cut_plan.lines, and its octets */
	uint64_t line_len;
	uint64_t before; /* checksums of what is kept around the hole (cut_check.h) */
	uint64_t behind;
};

struct cut_plan {
	struct cut *at; /* in the file's order */
	size_t count;
	char *lines;
	size_t lines_len;
	uint64_t unit; /* disk_cut_unit() */
	uint64_t size; /* of the mailbox */
	uint64_t end;  /* what lies from here on is cut off */
};

/*
 * The plan for removing the marked messages of `table`. -EOPNOTSUPP: it can't be done in this way,
 * whatever the reason (the file system, a hole too small for a field, no From_ line of ordinary
 * length); or another -errno. After success: cut_plan_done().
 */
int cut_plan_make(struct cut_plan *plan, const struct mbox *mbox, const struct mbox_table *table,
	const unsigned char *bitmap);

void cut_plan_done(struct cut_plan *plan);

/* What takes the place of the hole and of what stood between it and the text: its octets, From_
 * line and padding. */
uint64_t cut_piece_len(const struct cut *cut);

/* A piece of len octets. */
void cut_piece_make(const struct cut_plan *plan, const struct cut *cut, char *out, uint64_t len);

/*
 * The blocks that are cut out may reach into old padding, and so take the From_ line in front of it
 * with them; or so near to it that it would not follow an empty line any more. Then these octets in
 * front of the text are written over before they go: by an empty line (CUT_EMPTY_LINE), From_ line
 * and padding. 0: they don't reach that far.
 */
#define CUT_EMPTY_LINE "\n\n"
#define CUT_EMPTY_LEN  (sizeof(CUT_EMPTY_LINE) - 1)
uint64_t cut_shield_len(const struct cut *cut);

/* Is the plan, which may come from a file, one that could have been made? */
bool cut_plan_is_sound(const struct cut_plan *plan);

#endif

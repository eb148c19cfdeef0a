/*
 * mend_plan - what is damaged in an mbox, and what has to be taken out of it and added to it so
 * that nothing is any more. Octets in, findings and edits out; nothing is dropped, since who
 * carries the edits out keeps what they take out (beside.h).
 */
#ifndef SPOOL_MEND_PLAN_H
#define SPOOL_MEND_PLAN_H

#include "mbox_inspect_lines.h"

#include <time.h>

/* At this offset of the old mailbox `taken` octets go, and the text comes. */
struct mend_edit {
	uint64_t offset;
	uint64_t taken;
	bool is_zeros; /* all of `taken` */
	const char *text;
	size_t text_len;
};

struct mend_plan {
	struct spool_finding *findings; /* in the order of the file */
	size_t found;
	struct mend_edit *edits; /* in the order of the file; they don't overlap */
	size_t count;
	uint64_t size; /* of the old mailbox */

	/* Until mend_plan_end(): */
	struct mbox_inspect_lines lines;
	size_t findings_room;
	size_t edits_room;
	int err;
	size_t from_len;
	char from[MBOX_FROM_MAX]; /* the From_ line that is added, where there is none */
};

/* `when`: for a From_ line that is added. */
void mend_plan_begin(struct mend_plan *plan, time_t when);
void mend_plan_feed(struct mend_plan *plan, const char *text, size_t len);

/* All of the mailbox was fed. 0, -ENOMEM, or -EFBIG: there is too much to be told. */
int mend_plan_end(struct mend_plan *plan);

void mend_plan_done(struct mend_plan *plan);

/* A finding that is about no line, behind the others. 0, -ENOMEM or -EFBIG. */
int mend_plan_add(struct mend_plan *plan, const struct spool_finding *finding);

/* The size of the new mailbox, and whether octets other than zeros, or anything at all, is taken
 * out. */
uint64_t mend_plan_new_size(const struct mend_plan *plan);
bool mend_plan_takes(const struct mend_plan *plan);

/*
 * The new mailbox from the first edit on, piece after piece: len octets of the old one at offset,
 * or (text not NULL) these. Until put() returns something else than 0, which is returned.
 */
int mend_plan_each(const struct mend_plan *plan,
	int (*put)(void *context, const char *text, uint64_t offset, uint64_t len), void *context);

#endif

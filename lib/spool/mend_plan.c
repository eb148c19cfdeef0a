/*
 * mend_plan - see mend_plan.h.
 *
 * The findings are mbox_inspect_lines.h's, and each edit is made for one of them, but that what is
 * in front of the first From_ line may have NULs in it that are taken out already. Where that front
 * is no message and no message follows there is no edit at all: the file is perhaps no mailbox, and
 * to put a line end to it would mend nothing.
 */
#include "mend_plan.h"

#include "mbox_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_END  "\n"
#define LINE_ENDS "\n\n"
#define CRLF      "\r\n"
#define CRLFS     "\r\n\r\n"
#define CRLF_MORE "\n\r\n" /* behind a line that was cut between its CR and its LF */

/* Room for one more in an array of items of `size` octets. False: no memory. */
static bool grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void **items = array;
	void *at;

	if (count < *room)
		return true;
	at = reallocarray(*items, more, size);
	if (!at)
		return false;
	*items = at;
	*room = more;
	return true;
}

int mend_plan_add(struct mend_plan *plan, const struct spool_finding *finding)
{
	void *items = plan->findings;
	bool has_room;

	if (plan->found == MBOX_MESSAGES_MAX)
		return -EFBIG;
	has_room = grow(&items, plan->found, &plan->findings_room, sizeof(*finding));

	plan->findings = items;
	if (!has_room)
		return -ENOMEM;
	plan->findings[plan->found++] = *finding;
	return 0;
}

static void edit(struct mend_plan *plan, struct mend_edit edit)
{
	void *items = plan->edits;
	bool has_room = grow(&items, plan->count, &plan->edits_room, sizeof(edit));

	plan->edits = items;
	if (has_room)
		plan->edits[plan->count++] = edit;
	else
		plan->err = -ENOMEM;
}

static void add_text(struct mend_plan *plan, uint64_t offset, const char *text)
{
	edit(plan, (struct mend_edit){.offset = offset, .text = text, .text_len = strlen(text)});
}

/* All in front of `end`, where NULs are taken out already. */
static void take_front(struct mend_plan *plan, uint64_t end)
{
	size_t count = plan->count;
	uint64_t at = 0;

	for (size_t i = 0; i < count; i++) {
		struct mend_edit nuls = plan->edits[i];

		if (nuls.offset >= end)
			break;
		if (nuls.offset > at)
			edit(plan, (struct mend_edit){.offset = at, .taken = nuls.offset - at});
		at = nuls.offset + nuls.taken;
	}
	if (end > at)
		edit(plan, (struct mend_edit){.offset = at, .taken = end - at});
}

static void end_line(struct mend_plan *plan, const struct mbox_inspect_lines *lines)
{
	if (lines->last == '\r')
		add_text(plan, lines->at, CRLF_MORE);
	else
		add_text(plan, lines->at, lines->was_crlf ? CRLFS : LINE_ENDS);
}

static void found(
	void *context, const struct mbox_inspect_lines *lines, const struct spool_finding *finding)
{
	struct mend_plan *plan = context;

	int err = mend_plan_add(plan, finding);

	if (err) {
		plan->err = err;
		return;
	}
	switch (finding->mending) {
	case SPOOL_MENDING_TAKEN_OUT:
		if (finding->kind == SPOOL_FINDING_NO_FROM)
			take_front(plan, finding->length);
		else
			edit(plan, (struct mend_edit){.offset = finding->offset,
					   .taken = finding->length,
					   .is_zeros = true});
		break;
	case SPOOL_MENDING_FROM_LINE:
		edit(plan, (struct mend_edit){.offset = finding->offset,
				   .text = plan->from,
				   .text_len = plan->from_len});
		break;
	case SPOOL_MENDING_EMPTY_LINE:
		add_text(plan, finding->offset, lines->was_crlf ? CRLF : LINE_END);
		break;
	case SPOOL_MENDING_LINE_END:
		end_line(plan, lines);
		break;
	default:
		break;
	}
}

void mend_plan_begin(struct mend_plan *plan, time_t when)
{
	memset(plan, 0, sizeof(*plan));
	plan->from_len = mbox_from_make("", when, plan->from);
	mbox_inspect_lines_begin(&plan->lines, found, plan);
}

void mend_plan_feed(struct mend_plan *plan, const char *text, size_t len)
{
	mbox_inspect_lines_feed(&plan->lines, text, len);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_findings(const void *a, const void *b)
{
	const struct spool_finding *one = a;
	const struct spool_finding *other = b;
	int order = compare(one->offset, other->offset);

	return order ? order : compare(one->kind, other->kind);
}

/* At one place first what comes, then what goes. */
static int compare_edits(const void *a, const void *b)
{
	const struct mend_edit *one = a;
	const struct mend_edit *other = b;
	int order = compare(one->offset, other->offset);

	return order ? order : compare(one->taken, other->taken);
}

static bool is_hopeless(const struct mend_plan *plan)
{
	for (size_t i = 0; i < plan->found; i++) {
		if (plan->findings[i].kind == SPOOL_FINDING_NO_FROM)
			return plan->findings[i].mending == SPOOL_MENDING_NONE;
	}
	return false;
}

int mend_plan_end(struct mend_plan *plan)
{
	mbox_inspect_lines_end(&plan->lines);
	plan->size = plan->lines.at;
	if (plan->err)
		return plan->err;
	if (is_hopeless(plan)) {
		plan->count = 0;
		for (size_t i = 0; i < plan->found; i++)
			plan->findings[i].mending = SPOOL_MENDING_NONE;
	}
	if (plan->found > 0)
		qsort(plan->findings, plan->found, sizeof(*plan->findings), compare_findings);
	if (plan->count > 0)
		qsort(plan->edits, plan->count, sizeof(*plan->edits), compare_edits);
	return 0;
}

void mend_plan_done(struct mend_plan *plan)
{
	free(plan->findings);
	free(plan->edits);
	plan->findings = NULL;
	plan->edits = NULL;
}

uint64_t mend_plan_new_size(const struct mend_plan *plan)
{
	uint64_t size = plan->size;

	for (size_t i = 0; i < plan->count; i++)
		size = size + plan->edits[i].text_len - plan->edits[i].taken;
	return size;
}

bool mend_plan_takes(const struct mend_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->edits[i].taken > 0)
			return true;
	}
	return false;
}

int mend_plan_each(const struct mend_plan *plan,
	int (*put)(void *context, const char *text, uint64_t offset, uint64_t len), void *context)
{
	uint64_t at = plan->count > 0 ? plan->edits[0].offset : plan->size;
	int err = 0;

	for (size_t i = 0; !err && i < plan->count; i++) {
		const struct mend_edit *edit = &plan->edits[i];

		if (edit->offset > at)
			err = put(context, NULL, at, edit->offset - at);
		if (!err && edit->text_len > 0)
			err = put(context, edit->text, edit->offset, edit->text_len);
		at = edit->offset + edit->taken;
	}
	return !err && plan->size > at ? put(context, NULL, at, plan->size - at) : err;
}

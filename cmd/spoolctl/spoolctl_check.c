/*
 * spoolctl_check - what is damaged or suspicious in a mailbox; and, with --repair, mend it.
 *
 * Each finding is one line, or one JSON object, that says what the repair would do or has done.
 */
#include "spoolctl.h"
#include "spoolctl_progress.h"
#include "spoolctl_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct {
	const char *name;
	const char *text;
} kinds[] = {
	[SPOOL_FINDING_NO_FROM] = {"no-from", "the mailbox does not begin with a From_ line"},
	[SPOOL_FINDING_NUL] = {"nul", "NUL octets where data was lost"},
	[SPOOL_FINDING_GLUED] = {"glued", "a message begins without an empty line in front of it"},
	[SPOOL_FINDING_CUT] = {"cut", "the last line has no end"},
	[SPOOL_FINDING_NO_DATE] = {"no-date", "some programs see a message begin here"},
	[SPOOL_FINDING_CRLF] = {"crlf", "lines end in LF and in CRLF"},
	[SPOOL_FINDING_UNFINISHED] = {"unfinished",
		"a change was interrupted; whoever opens the mailbox next mends that"},
	[SPOOL_FINDING_STALE_LOCK] = {"stale-lock",
		"a lock file that nobody holds; the next delivery removes it"},
	[SPOOL_FINDING_SIZE] = {"size", "its name tells another size than it has"},
	[SPOOL_FINDING_EMPTY] = {"empty", "nothing is in it"},
	[SPOOL_FINDING_FOREIGN] = {"foreign", "it belongs to somebody else, and is not shown"},
	[SPOOL_FINDING_UNREADABLE] = {"unreadable", "it can't be read"},
	[SPOOL_FINDING_NO_HEADER] = {"no-header", "it does not begin with a header"},
	[SPOOL_FINDING_TWIN] = {"twin", "a second file of this base name"},
	[SPOOL_FINDING_STRANGE] = {"strange", "not a regular file, and not shown"},
	[SPOOL_FINDING_STALE_TMP] = {"stale-tmp",
		"a delivery was interrupted; whoever opens the mailbox next removes this"},
	[SPOOL_FINDING_NO_FOLDER] = {"no-folder",
		"it is missing; whoever opens the mailbox next makes it"},
};

static const struct {
	const char *name;
	const char *would;
	const char *has;
} mendings[] = {
	[SPOOL_MENDING_NONE] = {"none", "", "left as it is"},
	[SPOOL_MENDING_TAKEN_OUT] = {"taken-out", "--repair takes that out, to a file beside",
		"taken out, to the file beside"},
	[SPOOL_MENDING_FROM_LINE] = {"from-line", "--repair puts a From_ line there",
		"a From_ line was put there"},
	[SPOOL_MENDING_EMPTY_LINE] = {"empty-line", "--repair puts it there", "it was put there"},
	[SPOOL_MENDING_LINE_END] = {"line-end", "--repair ends it", "it was ended"},
	[SPOOL_MENDING_BY_OPENING] = {"by-opening", "--repair does that, too", "done"},
	[SPOOL_MENDING_RENAMED] = {"renamed", "--repair renames it to", "renamed to"},
};

struct checking {
	const char *location;
	json_t *findings; /* NULL: print */
	json_t *notes;
	char *beside;
	bool has_repaired;
	struct spoolctl_progress bar;
};

static void begin_line(const struct checking *checking)
{
	spoolctl_text_put(stdout, checking->location, strlen(checking->location));
}

/* "mbox:/path:LINE: offset OFFSET: damaged: text (N octets); what is done", or of a Maildir
 * "maildir:/path/new/FILE: damaged: ..." */
static void print(const struct checking *checking, const struct spool_finding *finding)
{
	const char *done = checking->has_repaired ? mendings[finding->mending].has
						  : mendings[finding->mending].would;

	begin_line(checking);
	if (finding->line > 0)
		printf(":%" PRIu64 ": offset %" PRIu64, finding->line, finding->offset);
	if (finding->file) {
		putchar('/');
		spoolctl_text_put(stdout, finding->file, strlen(finding->file));
	}
	printf(": %s: %s", finding->is_damage ? "damaged" : "suspicious",
		kinds[finding->kind].text);
	if (finding->length > 0)
		printf(" (%" PRIu64 " octets)", finding->length);
	printf("%s%s", *done ? "; " : "", done);
	if (finding->renamed) {
		putchar(' ');
		spoolctl_text_put(stdout, finding->renamed, strlen(finding->renamed));
	}
	putchar('\n');
}

static json_t *make_row(const struct spool_finding *finding)
{
	json_t *row = json_pack("{s:s, s:b, s:s, s:s}", "kind", kinds[finding->kind].name, "damage",
		(int)finding->is_damage, "text", kinds[finding->kind].text, "mending",
		mendings[finding->mending].name);

	if (row && finding->line > 0) {
		json_object_set_new(row, "line", json_integer((json_int_t)finding->line));
		json_object_set_new(row, "offset", json_integer((json_int_t)finding->offset));
	}
	if (row && finding->file)
		json_object_set_new(row, "file", spoolctl_text_json_name(finding->file));
	if (row && finding->renamed)
		json_object_set_new(row, "renamed", spoolctl_text_json_name(finding->renamed));
	if (row && finding->length > 0)
		json_object_set_new(row, "octets", json_integer((json_int_t)finding->length));
	return row;
}

static void found(void *context, const struct spool_finding *finding)
{
	struct checking *checking = context;

	spoolctl_progress_clear(&checking->bar);
	if (checking->findings)
		json_array_append_new(checking->findings, make_row(finding));
	else
		print(checking, finding);
}

static void progress(void *context, uint64_t done, uint64_t size)
{
	struct checking *checking = context;

	spoolctl_progress_draw(&checking->bar, done, size);
}

/* Told before the findings, and also when the repair fails later on. */
static void beside(void *context, const char *path)
{
	struct checking *checking = context;

	spoolctl_progress_clear(&checking->bar);
	checking->beside = strdup(path);
	if (checking->findings)
		return;
	begin_line(checking);
	fputs(": what is taken out is in ", stdout);
	spoolctl_text_put(stdout, path, strlen(path));
	putchar('\n');
}

/* What the library has mended by itself. */
static void note(void *context, const char *text)
{
	struct checking *checking = context;

	spoolctl_progress_clear(&checking->bar);
	if (checking->notes)
		json_array_append_new(checking->notes, spoolctl_text_json_name(text));
	(void)spoolctl_refuse(EX_OK, NULL, text);
}

static json_t *make_object(const struct checking *checking, const struct spool_report *report)
{
	json_t *object = json_pack("{s:o, s:I, s:I, s:I, s:O}", "mailbox",
		spoolctl_text_json_name(checking->location), "messages", (json_int_t)report->begins,
		"damages", (json_int_t)report->damages, "suspicions", (json_int_t)report->others,
		"findings", checking->findings);

	if (!object || !checking->has_repaired)
		return object;
	json_object_set_new(object, "mended", json_integer((json_int_t)report->mended));
	json_object_set(object, "notes", checking->notes);
	if (checking->beside)
		json_object_set_new(object, "beside", spoolctl_text_json_name(checking->beside));
	return object;
}

static int summarize(const struct checking *checking, const struct spool_report *report)
{
	uint64_t left = report->damages - (checking->has_repaired ? report->mended : 0);
	int status = left > 0 ? EX_DATAERR : EX_OK;
	int printed;

	if (checking->findings) {
		printed = spoolctl_json_print(make_object(checking, report));
		return printed == EX_OK ? status : printed;
	}
	begin_line(checking);
	printf(": %" PRIu64 " messages, %" PRIu64 " damages, ", report->begins, report->damages);
	if (checking->has_repaired)
		printf("%" PRIu64 " of them mended, ", report->mended);
	printf("%" PRIu64 " suspicions\n", report->others);
	return status;
}

int spoolctl_check(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	struct checking checking = {
		.location = mailbox->account.location,
		.findings = ctl->json ? json_array() : NULL,
		.notes = ctl->json ? json_array() : NULL,
		.has_repaired = ctl->repair,
	};
	struct spool_inspector inspector = {
		.found = found, .progress = progress, .beside = beside, .context = &checking};
	struct spool_place place = mailbox->place;
	struct spool_report report;
	struct why why = {0};
	int status;
	int err;

	(void)number;
	place.note = note;
	place.note_context = &checking;
	err = ctl->repair ? spool_repair(&place, &inspector, &report, &why)
			  : spool_inspect(&place, &inspector, &report, &why);
	spoolctl_progress_clear(&checking.bar);
	if (err)
		status = spoolctl_fail(err, &why);
	else if (!report.exists)
		status = spoolctl_refuse(EX_NOINPUT, checking.location, "there is no mailbox");
	else
		status = summarize(&checking, &report);
	json_decref(checking.findings);
	json_decref(checking.notes);
	free(checking.beside);
	return status;
}

/* spoolctl_check - what is damaged or suspicious in a mailbox; nothing is changed. */
#include "spoolctl.h"
#include "spoolctl_progress.h"
#include "spoolctl_text.h"

#include <inttypes.h>
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
	[SPOOL_FINDING_STALE_LOCK] = {"stale-lock", "a lock file that nobody holds"},
};

struct checking {
	const char *location;
	json_t *findings; /* NULL: print */
	struct spoolctl_progress bar;
};

/* "mbox:/path:LINE: offset OFFSET: damaged: text (N octets)" */
static void print(const struct checking *checking, const struct spool_finding *finding)
{
	spoolctl_text_put(stdout, checking->location, strlen(checking->location));
	if (finding->line > 0)
		printf(":%" PRIu64 ": offset %" PRIu64, finding->line, finding->offset);
	printf(": %s: %s", finding->is_damage ? "damaged" : "suspicious",
		kinds[finding->kind].text);
	if (finding->length > 0)
		printf(" (%" PRIu64 " octets)", finding->length);
	putchar('\n');
}

static json_t *make_row(const struct spool_finding *finding)
{
	json_t *row = json_pack("{s:s, s:b, s:s}", "kind", kinds[finding->kind].name, "damage",
		(int)finding->is_damage, "text", kinds[finding->kind].text);

	if (row && finding->line > 0) {
		json_object_set_new(row, "line", json_integer((json_int_t)finding->line));
		json_object_set_new(row, "offset", json_integer((json_int_t)finding->offset));
	}
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

static int summarize(const struct checking *checking, const struct spool_report *report)
{
	int status = report->damages > 0 ? EX_DATAERR : EX_OK;
	int printed;

	if (!checking->findings) {
		spoolctl_text_put(stdout, checking->location, strlen(checking->location));
		printf(": %" PRIu64 " messages, %" PRIu64 " damages, %" PRIu64 " suspicions\n",
			report->begins, report->damages, report->others);
		return status;
	}
	printed = spoolctl_json_print(
		json_pack("{s:s, s:I, s:I, s:I, s:O}", "mailbox", checking->location, "messages",
			(json_int_t)report->begins, "damages", (json_int_t)report->damages,
			"suspicions", (json_int_t)report->others, "findings", checking->findings));
	return printed == EX_OK ? status : printed;
}

int spoolctl_check(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	struct checking checking = {
		.location = mailbox->account.location,
		.findings = ctl->json ? json_array() : NULL,
	};
	struct spool_inspector inspector = {found, progress, &checking};
	struct spool_report report;
	struct why why = {0};
	int err = spool_inspect(&mailbox->place, &inspector, &report, &why);
	int status;

	(void)number;
	spoolctl_progress_clear(&checking.bar);
	if (err)
		status = spoolctl_fail(err, &why);
	else if (!report.exists)
		status = spoolctl_refuse(EX_NOINPUT, checking.location, "there is no mailbox");
	else
		status = summarize(&checking, &report);
	json_decref(checking.findings);
	return status;
}

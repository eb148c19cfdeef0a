/* spoolctl_stat - a mailbox as a whole, without changing or mending anything. */
#include "spoolctl.h"
#include "spoolctl_progress.h"
#include "spoolctl_text.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static const char *const indexes[] = {
	[SPOOL_INDEX_NONE] = "none", [SPOOL_INDEX_OLD] = "old", [SPOOL_INDEX_CURRENT] = "current"};

static void progress(void *context, uint64_t done, uint64_t size)
{
	spoolctl_progress_draw(context, done, size);
}

static void print_time(const char *label, time_t time)
{
	char text[40];
	struct tm tm;

	if (time && gmtime_r(&time, &tm) && strftime(text, sizeof(text), "%FT%TZ", &tm) > 0)
		printf("\n  %-8s  %s", label, text);
}

static int print(const struct spool_report *report, const char *location)
{
	spoolctl_text_put(stdout, location, strlen(location));
	printf("\n  messages  %" PRIu64 "\n  size      %" PRIu64, report->begins, report->size);
	if (report->is_maildir) {
		printf("\n  new       %" PRIu64 "\n  cur       %" PRIu64 "\n  tmp       %" PRIu64,
			report->in_new, report->begins - report->in_new, report->in_tmp);
		print_time("oldest", report->oldest);
		print_time("newest", report->newest);
	} else {
		printf("\n  lines     %" PRIu64 "\n  padding   %" PRIu64
		       "\n  index     %s\n  dotlock   %s",
			report->lines, report->padding, indexes[report->index],
			report->is_dotlocked ? "held" : "free");
	}
	putchar('\n');
	return EX_OK;
}

/* Without a message there is no time. */
static json_t *make_time(time_t time)
{
	return time ? json_integer((json_int_t)time) : json_null();
}

/* What both kinds have, and what the one has. */
static json_t *make_object(const struct spool_report *report, const char *location)
{
	if (report->is_maildir)
		return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "mailbox",
			spoolctl_text_json_name(location), "messages", (json_int_t)report->begins,
			"size", (json_int_t)report->size, "new", (json_int_t)report->in_new, "cur",
			(json_int_t)(report->begins - report->in_new), "tmp",
			(json_int_t)report->in_tmp, "oldest", make_time(report->oldest), "newest",
			make_time(report->newest));
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:s, s:b}", "mailbox",
		spoolctl_text_json_name(location), "messages", (json_int_t)report->begins, "size",
		(json_int_t)report->size, "lines", (json_int_t)report->lines, "padding",
		(json_int_t)report->padding, "index", indexes[report->index], "dotlocked",
		(int)report->is_dotlocked);
}

int spoolctl_stat(const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	const char *location = mailbox->account.location;
	struct spoolctl_progress bar = {0};
	struct spool_inspector inspector = {.progress = progress, .context = &bar};
	struct spool_report report;
	struct why why = {0};
	int err;

	(void)number;
	err = spool_inspect(&mailbox->place, &inspector, &report, &why);
	spoolctl_progress_clear(&bar);
	if (err)
		return spoolctl_fail(err, &why);
	if (!report.exists)
		return spoolctl_refuse(EX_NOINPUT, location, "there is no mailbox");
	if (!ctl->json)
		return print(&report, location);
	return spoolctl_json_print(make_object(&report, location));
}

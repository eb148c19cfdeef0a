/*
 * spoolctl_convert - a mailbox becomes one of the other kind, somewhere else; the old one stays.
 */
#include "spoolctl.h"
#include "spoolctl_progress.h"
#include "spoolctl_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

static void progress(void *context, uint64_t done, uint64_t size)
{
	spoolctl_progress_draw(context, done, size);
}

static void print_if(uint64_t count, const char *text)
{
	if (count > 0)
		printf("  %" PRIu64 " %s\n", count, text);
}

static int print(const struct spool_conversion *done, const char *from, const char *to)
{
	spoolctl_text_put(stdout, from, strlen(from));
	fputs(" -> ", stdout);
	spoolctl_text_put(stdout, to, strlen(to));
	printf(": %" PRIu64 " messages, %" PRIu64 " octets, verified; %" PRIu64 " converted now\n",
		done->messages, done->octets, done->converted);
	print_if(done->removed, "were converted before, and have been removed there since");
	print_if(done->changed, "have other Status fields in their headers there");
	print_if(done->renamed, "have another unique id there: POP3 clients fetch them again");
	print_if(done->arrived, "came in meanwhile: the next run takes them");
	return EX_OK;
}

static int print_json(const struct spool_conversion *done, const char *from, const char *to)
{
	return spoolctl_json_print(json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"mailbox", spoolctl_text_json_name(from), "to", spoolctl_text_json_name(to),
		"messages", (json_int_t)done->messages, "octets", (json_int_t)done->octets,
		"converted", (json_int_t)done->converted, "removed", (json_int_t)done->removed,
		"changed", (json_int_t)done->changed, "new", (json_int_t)done->renamed, "arrived",
		(json_int_t)done->arrived));
}

int spoolctl_convert(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	struct spoolctl_progress bar = {0};
	struct spool_converter converter = {ctl->merge, progress, &bar};
	struct spool_conversion done;
	struct why why = {0};
	int err = spool_convert(&mailbox->place, &mailbox->target_place, &converter, &done, &why);

	(void)number;
	spoolctl_progress_clear(&bar);
	if (err == -EEXIST)
		return spoolctl_refuse(EX_CANTCREAT, why.text, "--merge converts nevertheless");
	if (err)
		return spoolctl_fail(err, &why);
	return (ctl->json ? print_json : print)(
		&done, mailbox->account.location, mailbox->target.location);
}

static void print_setting(const struct spoolctl *ctl)
{
	printf("\nThe old mailboxes are as they were, and still in use. To change over:\n"
	       "  1. in the configuration, under [store]:\n"
	       "       mailbox = %s\n"
	       "  2. when no session is left that was begun before, once more, for what came in\n"
	       "     meanwhile:\n"
	       "       spoolctl ",
		ctl->to);
	if (ctl->config)
		printf("--config '%s' ", ctl->config);
	printf("convert --from '%s'", ctl->from ? ctl->from : ctl->conf.mailbox);
}

/* Named by locations there is nothing to be said of the configuration. */
static bool are_users(char **names)
{
	for (; *names; names++) {
		if (strchr(*names, ':'))
			return false;
	}
	return true;
}

void spoolctl_convert_next(const struct spoolctl *ctl, char **names, int status)
{
	if (status == EX_TEMPFAIL)
		fputs("\nThe old mailboxes are as they were. The same command goes on where it "
		      "stopped.\n",
			stdout);
	else if (status != EX_OK && status != EX_USAGE && names[0] && names[1])
		fputs("\nNot all was converted, see above. The old mailboxes are as they were. The "
		      "same\ncommand may be run again, and leaves what is done as it is.\n",
			stdout);
	if (status != EX_OK)
		return;
	if (!are_users(names) || !ctl->to || strcmp(ctl->to, ctl->conf.mailbox) == 0) {
		fputs("\nThe old mailboxes are as they were.\n", stdout);
		return;
	}
	print_setting(ctl);
	for (; *names; names++)
		printf(" %s", *names);
	putchar('\n');
}

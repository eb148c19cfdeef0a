/* spoolctl_list - the messages of a mailbox, one a line. */
#include "spoolctl.h"
#include "spoolctl_header.h"
#include "spoolctl_progress.h"
#include "spoolctl_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

/* number octets id date | from | subject */
static void print_row(
	size_t n, const struct spool_message *message, const struct spoolctl_header *header)
{
	printf("%zu %" PRIu64 " %s ", n + 1, message->octets, message->uidl);
	for (size_t i = 0; i < SPOOLCTL_FIELDS; i++) {
		spoolctl_text_put(stdout, header->value[i], header->len[i]);
		fputs(i + 1 < SPOOLCTL_FIELDS ? " | " : "\n", stdout);
	}
}

/* header: NULL if it could not be read. */
static json_t *make_row(
	size_t n, const struct spool_message *message, const struct spoolctl_header *header)
{
	json_t *row = json_pack("{s:I, s:I, s:s}", "number", (json_int_t)n + 1, "octets",
		(json_int_t)message->octets, "uidl", message->uidl);

	for (size_t i = 0; row && header && i < SPOOLCTL_FIELDS; i++)
		json_object_set_new(row, spoolctl_field_names[i],
			spoolctl_text_json(header->value[i], header->len[i]));
	return row;
}

static const struct spoolctl_header unread;

/* A message that can't be read is told, and hides no other one. */
static int list(struct spool *spool, json_t *rows)
{
	struct spoolctl_header *header = malloc(sizeof(*header));
	struct spoolctl_progress progress = {0};
	struct why why = {0};
	int status = EX_OK;

	if (!header)
		return spoolctl_refuse(EX_OSERR, NULL, "out of memory");
	for (size_t n = 0; n < spool_count(spool); n++) {
		const struct spool_message *message = spool_message(spool, n);
		int err = spoolctl_header_read(header, spool, n, &why);

		if (rows)
			json_array_append_new(rows, make_row(n, message, err ? NULL : header));
		else
			print_row(n, message, err ? &unread : header);
		if (err) {
			int failure = spoolctl_fail(err, &why);

			status = status == EX_OK ? failure : status;
		}
		if (rows)
			spoolctl_progress_draw(&progress, n, spool_count(spool));
	}
	spoolctl_progress_clear(&progress);
	free(header);
	return status;
}

int spoolctl_list(const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	json_t *rows = NULL;
	struct spool *spool;
	int status = spoolctl_open(&spool, &mailbox->place);
	int printed = EX_OK;

	(void)number;
	if (status != EX_OK)
		return status;
	if (ctl->json)
		rows = json_array();
	status = list(spool, rows);
	spool_close(&spool);
	if (rows)
		printed = spoolctl_json_print(json_pack("{s:o, s:o}", "mailbox",
			spoolctl_text_json_name(mailbox->account.location), "messages", rows));
	return status == EX_OK ? printed : status;
}

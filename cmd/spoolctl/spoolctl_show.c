/*
 * spoolctl_show - one message, octet for octet; on a terminal or as JSON as text that can do
 * nothing to it.
 */
#include "spoolctl.h"
#include "spoolctl_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct showing {
	FILE *out;
	bool to_terminal;
	bool header_only;
	size_t column; /* of a header's line; a CR is none */
	bool over;
};

/* How much of it is header; with the empty line that ends it. */
static size_t header_part(struct showing *showing, const char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (octets[i] == '\n') {
			if (showing->column == 0) {
				showing->over = true;
				return i + 1;
			}
			showing->column = 0;
		} else if (octets[i] != '\r' || showing->column > 0) {
			showing->column++;
		}
	}
	return len;
}

static int take(void *context, const char *octets, size_t len)
{
	struct showing *showing = context;

	if (showing->header_only)
		len = header_part(showing, octets, len);
	if (showing->to_terminal)
		spoolctl_text_put_lines(showing->out, octets, len);
	else
		fwrite(octets, 1, len, showing->out);
	if (ferror(showing->out))
		return -EPIPE;
	return showing->over ? -ECANCELED : 0;
}

static int show(struct showing *showing, struct spool *spool, size_t n)
{
	struct why why = {0};
	int err = spool_read(spool, n, take, showing, &why);

	if (err && !(err == -ECANCELED && showing->over))
		return spoolctl_fail(err, &why);
	if (fflush(showing->out) != 0)
		return spoolctl_refuse(EX_IOERR, NULL, "can't write");
	return EX_OK;
}

static int show_json(const struct spoolctl *ctl, struct spool *spool, size_t n)
{
	const struct spool_message *message = spool_message(spool, n);
	char *text = NULL;
	size_t len = 0;
	struct showing showing = {.out = open_memstream(&text, &len), .header_only = ctl->header};
	int status = showing.out ? show(&showing, spool, n)
				 : spoolctl_refuse(EX_OSERR, NULL, "out of memory");

	if (showing.out)
		fclose(showing.out);
	if (status == EX_OK)
		status = spoolctl_json_print(
			json_pack("{s:I, s:I, s:s, s:o}", "number", (json_int_t)n + 1, "octets",
				(json_int_t)message->octets, "uidl", message->uidl,
				ctl->header ? "header" : "text", spoolctl_text_json(text, len)));
	free(text);
	return status;
}

static int refuse_number(const char *location, size_t number, size_t count)
{
	char text[80];

	snprintf(text, sizeof(text), "no message %zu, only %zu are in it", number, count);
	return spoolctl_refuse(EX_NOINPUT, location, text);
}

int spoolctl_show(const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	struct showing showing = {
		.out = stdout, .to_terminal = isatty(STDOUT_FILENO), .header_only = ctl->header};
	struct spool *spool;
	int status = spoolctl_open(&spool, &mailbox->place);

	if (status != EX_OK)
		return status;
	if (number > spool_count(spool))
		status = refuse_number(mailbox->account.location, number, spool_count(spool));
	else if (ctl->json)
		status = show_json(ctl, spool, number - 1);
	else
		status = show(&showing, spool, number - 1);
	spool_close(&spool);
	return status;
}

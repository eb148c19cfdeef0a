/*
 * spoolctl_uidl - what clients would see under each setting of [pop3] uidl, before it is changed.
 *
 * The mailbox is opened once for each, without its index, which is only about one.
 */
#include "spoolctl.h"
#include "spoolctl_text.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FORMATS 4

/* Numbers are those of the hash: Dovecot's list may lack the first message, which is none. */
struct ids {
	size_t count;
	size_t lacks[FORMATS];
	char (*of[FORMATS])[SPOOL_UIDL_SIZE];
};

static int take(struct ids *ids, struct spool *spool, size_t format)
{
	size_t count = spool_count(spool);

	if (format == SPOOL_UIDL_HASH)
		ids->count = count;
	if (count > ids->count)
		return spoolctl_refuse(
			EX_TEMPFAIL, NULL, "mail came in meanwhile; once more, please");
	ids->lacks[format] = ids->count - count;
	ids->of[format] = calloc(count + 1, sizeof(*ids->of[format]));
	if (!ids->of[format])
		return spoolctl_refuse(EX_OSERR, NULL, "out of memory");
	for (size_t n = 0; n < count; n++)
		memcpy(ids->of[format][n], spool_message(spool, n)->uidl, SPOOL_UIDL_SIZE);
	return EX_OK;
}

static int read_ids(struct ids *ids, const struct spoolctl_mailbox *mailbox)
{
	int status = EX_OK;

	for (size_t format = 0; status == EX_OK && format < FORMATS; format++) {
		struct spool_place place = mailbox->place;
		struct spool *spool;

		place.uidl = (enum spool_uidl)format;
		place.cache = NULL;
		status = spoolctl_open(&spool, &place);
		if (status == EX_OK)
			status = take(ids, spool, format);
		spool_close(&spool);
	}
	return status;
}

/* "": the message is not listed. */
static const char *id_of(const struct ids *ids, size_t format, size_t n)
{
	return n < ids->lacks[format] ? "" : ids->of[format][n - ids->lacks[format]];
}

/* How many messages a client would fetch again if the setting became `format`. */
static size_t count_new(const struct ids *ids, size_t format, size_t now)
{
	size_t count = 0;

	for (size_t n = 0; n < ids->count; n++) {
		const char *id = id_of(ids, format, n);

		count += *id && strcmp(id, id_of(ids, now, n)) != 0;
	}
	return count;
}

/* '-': the hash as well, for want of another; '*': not listed. */
static void print_row(const struct ids *ids, size_t n)
{
	printf("%zu", n + 1);
	for (size_t format = 0; format < FORMATS; format++) {
		const char *id = id_of(ids, format, n);
		bool is_hash = format != SPOOL_UIDL_HASH &&
			       strcmp(id, id_of(ids, SPOOL_UIDL_HASH, n)) == 0;

		printf(" %s", !*id ? "*" : is_hash ? "-" : id);
	}
	putchar('\n');
}

static int print(const struct ids *ids, size_t now)
{
	fputs("#", stdout);
	for (size_t format = 0; format < FORMATS; format++)
		printf(" %s", spoolctl_uidls[format]);
	putchar('\n');
	for (size_t n = 0; n < ids->count; n++)
		print_row(ids, n);
	for (size_t format = 0; format < FORMATS; format++) {
		if (format != now)
			printf("# %s: %zu of %zu messages would be new to clients that know %s\n",
				spoolctl_uidls[format], count_new(ids, format, now),
				ids->count - ids->lacks[format], spoolctl_uidls[now]);
	}
	return EX_OK;
}

static int print_json(const struct ids *ids, size_t now, const char *location)
{
	json_t *rows = json_array();
	json_t *fresh = json_object();

	for (size_t n = 0; n < ids->count; n++) {
		json_t *row = json_pack("{s:I}", "number", (json_int_t)n + 1);

		for (size_t format = 0; format < FORMATS; format++) {
			if (*id_of(ids, format, n))
				json_object_set_new(row, spoolctl_uidls[format],
					json_string(id_of(ids, format, n)));
		}
		json_array_append_new(rows, row);
	}
	for (size_t format = 0; format < FORMATS; format++)
		json_object_set_new(fresh, spoolctl_uidls[format],
			json_integer((json_int_t)count_new(ids, format, now)));
	return spoolctl_json_print(
		json_pack("{s:o, s:s, s:o, s:o}", "mailbox", spoolctl_text_json_name(location),
			"setting", spoolctl_uidls[now], "new", fresh, "messages", rows));
}

int spoolctl_uidl(const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number)
{
	size_t now = mailbox->place.uidl;
	struct ids ids = {0};
	int status = read_ids(&ids, mailbox);

	(void)number;
	if (status == EX_OK)
		status = ctl->json ? print_json(&ids, now, mailbox->account.location)
				   : print(&ids, now);
	for (size_t format = 0; format < FORMATS; format++)
		free(ids.of[format]);
	return status;
}

/*
 * A mailbox file of any content (spool/mbox_scan.h): whoever else writes to it, and whatever lies
 * in it. The messages are those that an obvious reader finds, each lies inside the file and behind
 * the one before, without padding, measures what is sent of it, and has the same unique-id wherever
 * it lies. In each format a unique-id is one, whatever is in the header, and no two are alike.
 */
#include "fuzz.h"
#include "mail/mboxrd.h"
#include "spool/mbox_pad.h"
#include "spool/mbox_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum spool_uidl format;

static int scan(const struct fuzz_sink *file, struct fuzz *pieces, struct mbox_table *table)
{
	struct mbox_scan scan;
	int err = 0;

	mbox_table_init(table);
	table->uidls.format = format;
	mbox_scan_begin(&scan, table);
	for (size_t at = 0, len; !err && at < file->len; at += len) {
		struct fuzz_text piece;

		len = pieces ? fuzz_piece(pieces, file->len - at) : file->len - at;
		piece = fuzz_copy(file->at + at, len);
		err = mbox_scan_feed(&scan, piece.at, len);
		fuzz_free(&piece);
	}
	return err ? err : mbox_scan_end(&scan);
}

struct line {
	const char *at;
	size_t len;  /* without LF, and without the CR in front of it */
	size_t next; /* offset behind its LF */
	bool blank;
	bool has_lf;
};

static struct line line_at(const struct fuzz_sink *file, size_t at)
{
	struct line line = {.at = file->at + at};
	const char *lf = memchr(line.at, '\n', file->len - at);

	line.has_lf = lf != NULL;
	line.len = lf ? (size_t)(lf - line.at) : file->len - at;
	line.next = at + line.len + line.has_lf;
	if (lf && line.len > 0 && lf[-1] == '\r')
		line.len--;
	line.blank = lf && line.len == 0;
	return line;
}

/* What POP3 sends of these stored octets, by the functions that send it. */
static uint64_t wire_octets(const char *text, size_t len)
{
	struct fuzz_sink plain = {0};
	struct mboxrd rd;
	uint64_t octets = 0;
	size_t used, put;
	char out[4096];

	mboxrd_init(&rd, MBOXRD_UNQUOTE);
	for (; len > 0; text += used, len -= used) {
		mboxrd_run(&rd, text, len, &used, out, sizeof(out), &put);
		fuzz_add(&plain, out, put);
	}
	must(mboxrd_finish(&rd, out, sizeof(out), &put));
	fuzz_add(&plain, out, put);
	for (size_t at = 0; at < plain.len;) {
		struct line line = line_at(&plain, at);

		octets += line.len + 2;
		at = line.next;
	}
	fuzz_done(&plain);
	return octets;
}

/* The same message alone in a mailbox: nothing about it changes. */
static void check_alone(const struct fuzz_sink *file, const struct mbox_message *message)
{
	static const char from[] = "From a@b Thu Jan  1 00:00:00 1970\n";
	struct fuzz_sink alone = {0};
	struct mbox_table table;

	if (message->length > 0 && file->at[message->offset + message->length - 1] != '\n')
		return; /* cut off; with a line end it would be another one */
	fuzz_add(&alone, from, sizeof(from) - 1);
	fuzz_add(&alone, file->at + message->offset, message->length);
	fuzz_add(&alone, "\n", 1);
	must(scan(&alone, NULL, &table) == 0 && table.len == 1);
	must(table.at[0].length == message->length);
	must(table.at[0].seen.octets == message->seen.octets);
	must(memcmp(table.at[0].seen.uidl, message->seen.uidl, UIDL_HASH_LEN) == 0);
	mbox_table_done(&table);
	fuzz_done(&alone);
}

/* Where the padding that begins at this offset ends: there, if there is none. */
static size_t padding_end(const struct fuzz_sink *file, size_t at)
{
	for (bool more = false; at < file->len; more = true) {
		struct line line = line_at(file, at);

		if (!line.has_lf || line.len > MBOX_FROM_MAX)
			break;
		if (!mbox_pad_is_begin(line.at, line.len) &&
			!(more && mbox_pad_is_more(line.at, line.len)))
			break;
		at = line.next;
	}
	return at;
}

/* Message n begins with the From_ line at `from` and has all up to `end`, where the next one
 * begins; a blank line of `blank` octets in front of that is not its own. */
static void check_message(const struct fuzz_sink *file, const struct mbox_table *table, size_t n,
	size_t from, size_t end, size_t blank)
{
	const struct mbox_message *message;
	size_t offset = padding_end(file, line_at(file, from).next);

	must(n < table->len);
	message = &table->at[n];
	must(message->from == from && message->offset == offset);
	must(message->length == end - blank - offset);
	must(mbox_table_end(table, n) == end);
	must(message->seen.octets == wire_octets(file->at + message->offset, message->length));
	must(memchr(message->seen.uidl, 0, sizeof(message->seen.uidl)));
	must(strlen(message->seen.uidl) >= UIDL_HASH_LEN);
	must(fuzz_is_printable(message->seen.uidl, strlen(message->seen.uidl), true));
	check_alone(file, message);
}

/* The obvious reader. Returns how many messages there are, or -EBADMSG. */
static int check_messages(const struct fuzz_sink *file, const struct mbox_table *table, int err)
{
	size_t at = 0, from = 0, count = 0, blank = 0;

	while (at < file->len && line_at(file, at).blank)
		at = line_at(file, at).next;
	if (at < file->len && !mbox_from_is_prefix(file->at + at, file->len - at))
		return -EBADMSG;
	must(err == 0);
	for (; at < file->len; at = line_at(file, at).next) {
		struct line line = line_at(file, at);

		if (count == 0 || (blank > 0 && mbox_from_is_line(line.at, line.len))) {
			if (count > 0)
				check_message(file, table, count - 1, from, at, blank);
			from = at;
			count++;
			blank = 0;
		} else {
			blank = line.blank ? line.next - at : 0;
		}
	}
	if (count > 0)
		check_message(file, table, count - 1, from, file->len, blank);
	return (int)count;
}

/* Two scans of one file agree, and every message is found where it was. */
static void check_same(const struct mbox_table *a, const struct mbox_table *b)
{
	size_t *where = calloc(a->len + 1, sizeof(*where));

	must(a->len == b->len && a->size == b->size);
	must(where && mbox_table_map(a, b, where) == 0);
	for (size_t i = 0; i < a->len; i++) {
		must(a->at[i].from == b->at[i].from && a->at[i].offset == b->at[i].offset);
		must(a->at[i].length == b->at[i].length);
		must(a->at[i].seen.octets == b->at[i].seen.octets);
		must(strcmp(a->at[i].seen.uidl, b->at[i].seen.uidl) == 0);
		must(where[i] == i);
	}
	free(where);
}

static int compare(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* RFC 1939 section 7. */
static void check_ids(const struct mbox_table *table)
{
	const char **ids = calloc(table->len + 1, sizeof(*ids));

	must(ids);
	for (size_t i = 0; i < table->len; i++) {
		ids[i] = table->at[i].seen.uidl;
		must(*ids[i] && strnlen(ids[i], SPOOL_UIDL_SIZE) <= 70);
		must(fuzz_is_printable(ids[i], strlen(ids[i]), true) && !strchr(ids[i], ' '));
	}
	qsort(ids, table->len, sizeof(*ids), compare);
	for (size_t i = 1; i < table->len; i++)
		must(strcmp(ids[i - 1], ids[i]) != 0);
	free(ids);
}

static void check_formats(const struct fuzz_sink *file, struct fuzz *fuzz)
{
	struct mbox_table whole, cut;

	for (format = SPOOL_UIDL_HASH; format <= SPOOL_UIDL_X_UIDL; format++) {
		must(scan(file, NULL, &whole) == 0 && scan(file, fuzz, &cut) == 0);
		check_same(&whole, &cut);
		check_ids(&whole);
		mbox_table_done(&whole);
		mbox_table_done(&cut);
	}
	format = SPOOL_UIDL_HASH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;
	struct fuzz_sink file = {0};
	struct mbox_table whole, cut;
	int err, count;

	fuzz_init(&fuzz, data, size);
	fuzz.chance = fuzz_octet(&fuzz);
	fuzz_add(&file, fuzz.at, fuzz.len);
	err = scan(&file, NULL, &whole);
	must(scan(&file, &fuzz, &cut) == err);
	count = check_messages(&file, &whole, err);
	must(count < 0 ? err == count : (size_t)count == whole.len);
	if (err == 0)
		check_same(&whole, &cut);
	if (err == 0)
		check_formats(&file, &fuzz);
	mbox_table_done(&whole);
	mbox_table_done(&cut);
	fuzz_done(&file);
	return 0;
}

/*
 * The rows of an index (spool/mbox_index_row.h) that somebody else has written, or a disk: what is
 * taken from them lies in the mailbox, message behind message, has unique-ids as RFC 1939 section 7
 * wants them, and becomes the same rows again.
 */
#include "fuzz.h"
#include "spool/mbox_index_row.h"

#include <stdlib.h>
#include <string.h>

static void check_message(const struct mbox_table *table, size_t n)
{
	const struct mbox_message *message = &table->at[n];
	uint64_t end = mbox_table_end(table, n);

	must(message->from < message->offset);
	must(message->offset <= end && message->length <= end - message->offset);
	must(end <= table->size);
	must(message->uidl_len > 0 && message->uidl_len < SPOOL_UIDL_SIZE);
	must(strlen(message->seen.uidl) == message->uidl_len);
	for (size_t i = 0; i < message->uidl_len; i++)
		must(message->seen.uidl[i] >= 0x21 && message->seen.uidl[i] <= 0x7e);
}

static struct mbox_table make_table(const struct mbox_index_rows *rows)
{
	struct mbox_table table;

	mbox_table_init(&table);
	must(mbox_table_reserve(&table, rows->count) == 0);
	mbox_index_fill(rows, &table);
	return table;
}

/* Encoded again they are the same, but where a UIDL could have been kept in less room. */
static void check_again(const struct mbox_table *table, uint64_t octets)
{
	struct mbox_index_rows rows = {.count = table->len,
		.first = table->len > 0 ? table->at[0].from : 0,
		.size = table->size};
	struct mbox_table again;
	unsigned char *at;
	uint64_t sum;

	if (!mbox_index_encode(table, &at, &rows.len))
		must(false);
	rows.at = at;
	must(mbox_index_check(&rows, &sum) && sum == octets);
	again = make_table(&rows);
	must(again.len == table->len && again.size == table->size);
	must(table->len == 0 || memcmp(again.at, table->at, table->len * sizeof(*table->at)) == 0);
	free(at);
	mbox_table_done(&again);
}

static void check_table(const struct mbox_index_rows *rows, uint64_t octets)
{
	struct mbox_table table = make_table(rows);
	uint64_t sum = 0;

	must(table.len == rows->count && table.size == rows->size);
	for (size_t n = 0; n < table.len; n++) {
		check_message(&table, n);
		sum += table.at[n].seen.octets;
	}
	must(sum == octets);
	check_again(&table, octets);
	mbox_table_done(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mbox_index_rows rows;
	struct fuzz_text text;
	struct fuzz fuzz;
	uint64_t octets;

	fuzz_init(&fuzz, data, size);
	rows.count = fuzz_octet(&fuzz);
	rows.first = fuzz_short(&fuzz);
	rows.size = fuzz_short(&fuzz) | (uint64_t)fuzz_short(&fuzz) << 48;
	text = fuzz_copy(fuzz.at, fuzz.len);
	rows.at = (const unsigned char *)text.at;
	rows.len = text.len;
	if (mbox_index_check(&rows, &octets))
		check_table(&rows, octets);
	fuzz_free(&text);
	return 0;
}

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

/* Encoded again they are the same, but where a UIDL could have been kept in less room. */
static void check_again(const struct mbox_table *table)
{
	struct mbox_table again;
	unsigned char *rows;
	size_t len;

	if (!mbox_index_encode(table, &rows, &len))
		must(false);
	mbox_table_init(&again);
	must(mbox_index_decode(rows, len, table->len, table->len > 0 ? table->at[0].from : 0,
		table->size, &again));
	must(again.len == table->len && again.size == table->size);
	must(table->len == 0 || memcmp(again.at, table->at, table->len * sizeof(*table->at)) == 0);
	free(rows);
	mbox_table_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mbox_table table;
	struct fuzz_text rows;
	struct fuzz fuzz;
	uint64_t count, first, mailbox;

	fuzz_init(&fuzz, data, size);
	count = fuzz_octet(&fuzz);
	first = fuzz_short(&fuzz);
	mailbox = fuzz_short(&fuzz) | (uint64_t)fuzz_short(&fuzz) << 48;
	rows = fuzz_copy(fuzz.at, fuzz.len);
	mbox_table_init(&table);
	if (mbox_index_decode(
		    (const unsigned char *)rows.at, rows.len, count, first, mailbox, &table)) {
		must(table.len == count && table.size == mailbox);
		for (size_t n = 0; n < table.len; n++)
			check_message(&table, n);
		check_again(&table);
	}
	mbox_table_done(&table);
	fuzz_free(&rows);
	return 0;
}

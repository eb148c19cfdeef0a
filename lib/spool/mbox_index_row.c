/* mbox_index_row - see mbox_index_row.h. The check trusts nothing; it keeps each message within the
 * mailbox and in front of the next one, and each UIDL what RFC 1939 section 7 allows. */
#include "mbox_index_row.h"

#include <stdlib.h>
#include <string.h>

#define GAP_MAX 255

struct row {
	uint64_t length;
	uint64_t octets;
	uint32_t front; /* octets of the From_ line and of padding */
	uint8_t gap;    /* between the message and the next one: the separator */
	uint8_t uidl_len;
	uint8_t is_hex; /* the UIDL is lower-case hexadecimal, kept two digits an octet */
	uint8_t none;
};

_Static_assert(sizeof(struct row) == 24, "no holes in what is compared and summed");

static bool is_hex(const char *uidl, size_t len)
{
	return len % 2 == 0 && strspn(uidl, "0123456789abcdef") >= len;
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10) & 15;
}

static size_t uidl_room(const struct row *row)
{
	return row->is_hex ? row->uidl_len / 2 : row->uidl_len;
}

static void put_uidl(unsigned char *out, const char *uidl, const struct row *row)
{
	if (!row->is_hex) {
		memcpy(out, uidl, row->uidl_len);
		return;
	}
	for (size_t i = 0; i < row->uidl_len; i += 2)
		out[i / 2] = (unsigned char)(digit(uidl[i]) << 4 | digit(uidl[i + 1]));
}

static void get_uidl(const unsigned char *from, char *uidl, const struct row *row)
{
	if (!row->is_hex) {
		memcpy(uidl, from, row->uidl_len);
		return;
	}
	for (size_t i = 0; i < row->uidl_len; i += 2) {
		uidl[i] = "0123456789abcdef"[from[i / 2] >> 4];
		uidl[i + 1] = "0123456789abcdef"[from[i / 2] & 15];
	}
}

/* False: a message as no scan finds one. */
static bool make_row(const struct mbox_table *table, size_t n, struct row *row)
{
	const struct mbox_message *message = &table->at[n];
	uint64_t front = message->offset - message->from;
	uint64_t gap = mbox_table_end(table, n) - message->offset - message->length;

	if (front > UINT32_MAX || gap > GAP_MAX)
		return false;
	*row = (struct row){.length = message->length,
		.octets = message->seen.octets,
		.front = (uint32_t)front,
		.gap = (uint8_t)gap,
		.uidl_len = message->uidl_len,
		.is_hex = is_hex(message->seen.uidl, message->uidl_len)};
	return true;
}

bool mbox_index_encode(const struct mbox_table *table, unsigned char **out, size_t *len)
{
	unsigned char *rows = malloc(table->len * MBOX_INDEX_ROW_MAX + 1);
	unsigned char *at = rows;

	if (!rows)
		return false;
	for (size_t n = 0; n < table->len; n++) {
		struct row row;

		if (!make_row(table, n, &row)) {
			free(rows);
			return false;
		}
		memcpy(at, &row, sizeof(row));
		at += sizeof(row);
		put_uidl(at, table->at[n].seen.uidl, &row);
		at += uidl_room(&row);
	}
	*out = rows;
	*len = (size_t)(at - rows);
	return true;
}

/* RFC 1939 section 7. */
static bool is_uidl(const unsigned char *from, const struct row *row)
{
	if (row->is_hex)
		return row->uidl_len > 0 && row->uidl_len % 2 == 0;
	for (size_t i = 0; i < row->uidl_len; i++) {
		if (from[i] < 0x21 || from[i] > 0x7e)
			return false;
	}
	return row->uidl_len > 0;
}

/* The row at rows[0..left), if one fits there. */
static bool get_row(const unsigned char *rows, size_t left, struct row *row)
{
	if (left < sizeof(*row))
		return false;
	memcpy(row, rows, sizeof(*row));
	return row->is_hex <= 1 && row->uidl_len < SPOOL_UIDL_SIZE &&
	       uidl_room(row) <= left - sizeof(*row) && is_uidl(rows + sizeof(*row), row);
}

/* Each octet becomes two at the most, as does the line end that may be missing. */
static bool is_message(const struct row *row, uint64_t room)
{
	if (row->front == 0 || row->front > room || row->length > room - row->front ||
		row->gap > room - row->front - row->length)
		return false;
	return row->octets <= 2 * row->length + 2;
}

bool mbox_index_check(const struct mbox_index_rows *rows, uint64_t *octets)
{
	const unsigned char *from = rows->at;
	size_t left = rows->len;
	uint64_t at = rows->first;
	uint64_t sum = 0;

	for (uint64_t n = 0; at <= rows->size && n < rows->count; n++) {
		struct row row;

		if (!get_row(from, left, &row) || !is_message(&row, rows->size - at))
			return false;
		from += sizeof(row) + uidl_room(&row);
		left -= sizeof(row) + uidl_room(&row);
		at += row.front + row.length + row.gap;
		sum += row.octets;
	}
	if (left > 0 || (rows->count > 0 ? at != rows->size : at > rows->size))
		return false;
	*octets = sum;
	return true;
}

void mbox_index_fill(const struct mbox_index_rows *rows, struct mbox_table *table)
{
	const unsigned char *from = rows->at;
	uint64_t at = rows->first;

	table->size = rows->size;
	for (uint64_t n = 0; n < rows->count; n++) {
		struct mbox_message *message = &table->at[n];
		struct row row;

		memcpy(&row, from, sizeof(row));
		get_uidl(from + sizeof(row), message->seen.uidl, &row);
		message->uidl_len = row.uidl_len;
		message->seen.octets = row.octets;
		message->from = at;
		message->offset = at + row.front;
		message->length = row.length;
		at = message->offset + row.length + row.gap;
		from += sizeof(row) + uidl_room(&row);
	}
}

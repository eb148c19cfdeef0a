/*
 * mbox_index_row - a table of messages as octets and back: a row of 24 octets and a UIDL for each.
 * Host byte order; the file never leaves this host.
 */
#ifndef SPOOL_MBOX_INDEX_ROW_H
#define SPOOL_MBOX_INDEX_ROW_H

#include "mbox_table.h"

#include <stdbool.h>

/* Octets of the longest row. */
#define MBOX_INDEX_ROW_MAX (24 + SPOOL_UIDL_SIZE)

/* The table's rows, malloc'd, into *out, their octets into *len. False: no memory, or a mailbox
 * that can't be put in this way. */
bool mbox_index_encode(const struct mbox_table *table, unsigned char **out, size_t *len);

/* at[0..len) is said to be `count` messages, the first at `first`, in a mailbox of `size` octets.
 */
struct mbox_index_rows {
	const unsigned char *at;
	size_t len;
	uint64_t count;
	uint64_t first;
	uint64_t size;
};

/*
 * Are these, which may be anything, such rows? Then mbox_index_fill() makes a table of them that a
 * scan could have found in some mailbox of that size; *octets is what its messages are together, as
 * sent. Nothing is kept: a log-in that only wants to know how much mail there is needs no table.
 */
bool mbox_index_check(const struct mbox_index_rows *rows, uint64_t *octets);

/* Fill the table, which has `count` messages of zeros, from rows that were checked and have not
 * changed since. */
void mbox_index_fill(const struct mbox_index_rows *rows, struct mbox_table *table);

#endif

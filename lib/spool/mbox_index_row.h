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

/*
 * Fill the empty table from rows[0..len), which may hold anything: `count` messages, the first at
 * `first`, in a mailbox of `size` octets. False: they are not such rows. After true the table is
 * one that a scan could have found in some mailbox of that size.
 */
bool mbox_index_decode(const unsigned char *rows, size_t len, uint64_t count, uint64_t first,
	uint64_t size, struct mbox_table *table);

#endif

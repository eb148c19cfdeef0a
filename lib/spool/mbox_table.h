/* mbox_table - the messages of one mailbox in memory, in the file's order. */
#ifndef SPOOL_MBOX_TABLE_H
#define SPOOL_MBOX_TABLE_H

#include "spool.h"
#include "uidl_kept.h"

#define MBOX_GONE         SIZE_MAX
#define MBOX_MESSAGES_MAX (4u << 20)

/* Octets of a unique-id as a scan makes it: of the 70 that RFC 1939 section 7 allows, what is left
 * in front of the largest number. What is longer is cut, and may then be like others. */
#define MBOX_UIDL_MAX (70 - (sizeof("-4194304") - 1))

struct mbox_message {
	struct spool_message seen;
	uint8_t uidl_len; /* of seen.uidl, without the number that mbox_table_number_uidls() adds;
			     0: all of it, and there is none */
	uint64_t from;    /* where its From_ line begins; it reaches up to the next one's */
	uint64_t offset;  /* of the message itself, behind From_ line and padding */
	uint64_t length;
};

struct mbox_table {
	struct mbox_message *at;
	size_t len;
	size_t cap;
	uint64_t size;          /* of the mailbox that was scanned */
	struct uidl_file uidls; /* set before the scan: the format, and what is known of the rest */
};

void mbox_table_init(struct mbox_table *table);
void mbox_table_done(struct mbox_table *table);

/* Where message n of the file ends, with all that belongs to it: the next From_ line, or the file's
 * end. */
uint64_t mbox_table_end(const struct mbox_table *table, size_t n);

/* The length of a message's unique-id without its number: as the scanner made it, or as much of
 * that as leaves room for a number. */
size_t mbox_table_base_len(const struct mbox_message *message);

/* Add an empty row. 0, -EFBIG (MBOX_MESSAGES_MAX) or -ENOMEM. */
int mbox_table_add(struct mbox_table *table, struct mbox_message **out);

/* Give the empty table so many rows at once, of zeros, whose memory is not touched before they are
 * filled. 0 or -ENOMEM. */
int mbox_table_reserve(struct mbox_table *table, size_t count);

/* Forget the first row: what lies in front of the next one belongs to no message. */
void mbox_table_drop_first(struct mbox_table *table);

/* Tell messages of one UIDL apart: the second gets "-2" added, the third "-3", or the next number
 * that makes it one of its own. A message's number depends on those in front of it alone. Done
 * again (rows were added), the result is as if it had been done once. 0 or -ENOMEM. */
int mbox_table_number_uidls(struct mbox_table *table);

/* For each message of `shown` its place in `now`, found by its UIDL without the number, or
 * MBOX_GONE: also for all that are alike when some of them are gone. 0 or -ENOMEM. */
int mbox_table_map(const struct mbox_table *shown, const struct mbox_table *now, size_t *where);

#endif

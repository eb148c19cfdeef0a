/*
 * mbox_scan - find the messages of an mbox: where each lies, what it measures on the wire, its
 * UIDL.
 *
 * A message begins with a From_ line, at the start of the file or after an empty line. One empty
 * line at its end belongs to the format, not to the message. Content-Length is never believed: who
 * sends a message could else hide the ones behind it.
 */
#ifndef SPOOL_MBOX_SCAN_H
#define SPOOL_MBOX_SCAN_H

#include "mbox_from.h"
#include "mbox_table.h"
#include "uidl.h"

/* Scan the first `size` octets of fd into an empty table. -EBADMSG (WHY_PERM, 5.2.0): not an mbox.
 */
int mbox_scan(int fd, uint64_t size, const char *path, struct mbox_table *table, struct why *why);

/* The same for octets in memory, in pieces of any size: what mbox_scan() is made of. */
struct mbox_scan {
	struct mbox_table *table;
	uint64_t at;       /* offset of the next octet */
	uint64_t line_at;  /* where its line begins */
	uint64_t line_len; /* octets of the line so far */
	uint64_t octets; /* of the message so far, on the wire, without the empty line held back */
	unsigned blank_len; /* octets of that empty line; 0: none is held back */
	bool candidate;     /* the line may be a From_ line; its text is kept in head */
	bool ends_in_cr;    /* the line, so far */
	bool at_margin;     /* the line may still turn out to be ">+From " */
	bool quoted;        /* it begins with '>'; once the margin is left: it is */
	unsigned matched;   /* octets of "From " behind the '>' */
	size_t head_len;
	char head[MBOX_FROM_MAX + 2];
	struct uidl uidl;
};

void mbox_scan_begin(struct mbox_scan *scan, struct mbox_table *table);

/* -EBADMSG: does not begin with a From_ line; -EFBIG: more than MBOX_MESSAGES_MAX; -ENOMEM. */
int mbox_scan_feed(struct mbox_scan *scan, const char *text, size_t len);
int mbox_scan_end(struct mbox_scan *scan);

#endif

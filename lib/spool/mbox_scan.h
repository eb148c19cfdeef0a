/*
 * mbox_scan - find the messages of an mbox: where each lies, what it measures on the wire, its
 * UIDL.
 *
 * A message begins with a From_ line, at the start of the file or after an empty line. One empty
 * line at its end belongs to the format, not to the message. So do padding fields (mbox_pad.h)
 * right behind the From_ line: whole lines, each of at most MBOX_FROM_MAX octets; whatever else
 * looks like one is the message's. Under SPOOL_UIDL_DOVECOT a first message with
 * X-IMAP, which is there for Dovecot's and UW-IMAP's own use, is not listed. Content-Length is
 * never believed: who sends a message could else hide the ones behind it.
 */
#ifndef SPOOL_MBOX_SCAN_H
#define SPOOL_MBOX_SCAN_H

#include "mbox_from.h"
#include "mbox_table.h"
#include "uidl.h"

/* Scan the first `size` octets of fd into an empty table, whose
 * uidls may be set. -EBADMSG (WHY_PERM, 5.2.0): not an mbox.
 */
int mbox_scan(int fd, uint64_t size, const char *path, struct mbox_table *table, struct why *why);

/*
 * The same for a mailbox whose first messages are known: the table's rows, numbered or not. What is
 * known to lie in front of `from` stays as it is, rows from there on are dropped, and what lies
 * there now is scanned. `from` is where the From_ line of a message begins, most often that of the
 * last one that is known: whether the empty lines behind it are its own is only known once it is
 * known what follows, so it is always scanned again.
 *
 *	err = mbox_scan_from(fd, table.at[table.len - 1].from, size, path, &table, why);
 *
 * If the rows in front are what mbox_scan() would find, the result is. -EBADMSG with *why
 * untouched: no message begins there (no empty line, and a From_ line behind it). Other failures as
 * above. The table is empty after any failure.
 */
int mbox_scan_from(int fd, uint64_t from, uint64_t size, const char *path, struct mbox_table *table,
	struct why *why);

/* The same for octets in memory, in pieces of any size: what mbox_scan() is made of. */
struct mbox_scan {
	struct mbox_table *table;
	uint64_t at;       /* offset of the next octet */
	uint64_t line_at;  /* where its line begins */
	uint64_t line_len; /* octets of the line so far */
	uint64_t octets; /* of the message so far, on the wire, without the empty line held back */
	unsigned blank_len; /* octets of that empty line; 0: none is held back */
	bool is_open;       /* a message has begun: the table's last */
	bool is_resumed;    /* none has, and it must begin with this line */
	bool at_front;      /* nothing but padding came since its From_ line */
	bool in_padding;    /* and the last line was some */
	bool is_kept;       /* the line may be no text; it is kept in head */
	bool ends_in_cr;    /* the line, so far */
	bool at_margin;     /* the line may still turn out to be ">+From " */
	bool quoted;        /* it begins with '>'; once the margin is left: it is */
	unsigned matched;   /* octets of "From " behind the '>' */
	size_t head_len;
	char head[MBOX_FROM_MAX + 2];
	struct uidl uidl;
};

void mbox_scan_begin(struct mbox_scan *scan, struct mbox_table *table);

/* Begin at offset `from`, with a From_ line and nothing else if the table has rows already. */
void mbox_scan_begin_at(struct mbox_scan *scan, struct mbox_table *table, uint64_t from);

/* -EBADMSG: does not begin with a From_ line; -EFBIG: more than MBOX_MESSAGES_MAX; -ENOMEM. */
int mbox_scan_feed(struct mbox_scan *scan, const char *text, size_t len);
int mbox_scan_end(struct mbox_scan *scan);

#endif

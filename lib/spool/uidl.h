/*
 * uidl - a message's unique-id (RFC 1939 section 7), computed from what no mail program changes.
 *
 * It is the first 128 bits, in hex, of a SHA-256 over the fields Received, Delivered-To,
 * X-Delivery-ID, Message-ID, Date, From, To, Cc and Subject, in the order in which they stand.
 * White space does not count: neither folding nor CRLF changes the id. Left out is what other
 * programs add or rewrite: the From_ line, Return-Path, Status and its kin, Content-Length, Lines,
 * labels. A message without Received never went through a mail server, and all versions of a draft
 * may have one Message-ID: its body is hashed as well, without CR and LF.
 *
 * The id is never written into the mailbox. It depends on nothing but the message, so it outlives
 * re-sorting, other servers and restores from backup. Changing the recipe makes every client fetch
 * all its mail again.
 *
 * For those who come from another server there are the ids that it gave: uidl_popa3d.h,
 * uidl_kept.h. A message that it gave none has the hash.
 */
#ifndef SPOOL_UIDL_H
#define SPOOL_UIDL_H

#include "uidl_kept.h"
#include "uidl_popa3d.h"

#include <sha256.h>
#include <stdbool.h>
#include <stddef.h>

#define UIDL_HASH_LEN 32 /* hex digits; "-2" and so on are the mailbox's to add */

struct uidl {
	const struct uidl_file *file;
	struct uidl_popa3d popa3d; /* nothing else is used where that is the format */
	struct uidl_kept kept;
	SHA256_CTX sha;
	bool in_header;
	bool identified; /* a Received was seen */
	bool in_name;    /* in front of the colon */
	bool hashed;     /* this line's text counts */
	bool blank;      /* the line is empty so far, or a CR alone */
	bool cr;         /* the latter, if blank */
	size_t name_len; /* of the name, and how much of it is held */
	char name[16];
};

/* *file outlives it, and is brought up to date as the messages go by, from its first one on. */
void uidl_init(struct uidl *uidl, struct uidl_file *file, bool is_first);

/* Must the rest of the message still be shown to uidl_text()? */
bool uidl_wants_more(const struct uidl *uidl);

/* The message's text in pieces of any size without line ends, and the line ends: those that are
 * there; at the end of the file there may be none. */
void uidl_text(struct uidl *uidl, const char *text, size_t len);
void uidl_line_end(struct uidl *uidl);

/* Behind the header lines make no difference any more: once this is true, the text may be given to
 * uidl_text() with its line ends, as many lines at once as there are. */
bool uidl_is_in_body(const struct uidl *uidl);

/* At most UIDL_KEPT_MAX octets: there is room for a number. */
void uidl_finish(struct uidl *uidl, char out[static SPOOL_UIDL_SIZE]);

#endif

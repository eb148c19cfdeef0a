/*
 * facts - what is to be known of a message before another mailbox takes it over, and afterwards to
 * compare the two: read once, in pieces of any size, in constant memory.
 *
 * The fields that mailboxes' programs write into headers (encode_metadata) may differ between two
 * mailboxes that have the same message: `same` is the digest of all the rest, `whole` of all of it.
 * Neither depends on whether lines end in LF or CRLF, which a POP3 client can't tell apart.
 */
#ifndef SPOOL_FACTS_H
#define SPOOL_FACTS_H

#include "extent.h"
#include "spool.h"

#include <sha256.h>
#include <stdbool.h>
#include <stdint.h>

#define FACTS_SENDER_SIZE 321 /* RFC 5321 4.5.3.1: 64 + 1 + 255 */

struct facts {
	uint8_t whole[SHA256_DIGEST_LENGTH];
	uint8_t same[SHA256_DIGEST_LENGTH];
	uint64_t octets;  /* as POP3 sends them */
	unsigned flags;   /* of Status and X-Status */
	bool has_padding; /* in front, or behind fields that may be dropped: in an mbox it would not
			     be the message's */
	bool begins_folded; /* with white space: a field in front would swallow that line */
	char sender[FACTS_SENDER_SIZE]; /* of the first Return-Path; "" */
	char uidl[SPOOL_UIDL_SIZE];     /* of the first X-UIDL; "" */
	char hash[SPOOL_UIDL_SIZE]; /* the unique-id that it has where nobody has given it one */
};

/* Read the message. 0; -ESTALE: the file is too short by now; or another -errno. */
int facts_read(const struct spool_extent *extent, struct facts *facts);

#endif

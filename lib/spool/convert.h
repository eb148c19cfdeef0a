/*
 * convert - one mailbox is brought into another one: what convert.c and convert_verify.c share.
 */
#ifndef SPOOL_CONVERT_H
#define SPOOL_CONVERT_H

#include "adopt.h"
#include "handle.h"
#include "ledger.h"

#define CONVERT_BATCH 64 /* messages that are written into the ledger at once */

struct convert {
	const struct spool_converter *converter;
	struct spool_place from_place;
	struct spool_place to_place;
	struct spool *from;
	struct spool *to;
	const struct adopter *adopter;
	void *target; /* the adopter's; NULL: not open */
	struct ledger ledger;
	bool is_looked;     /* `there` is filled */
	struct tally there; /* what the destination has that is not in the ledger */
	bool is_found;      /* the last one was in the destination already */
	struct tally now;   /* what this conversion has brought in */
	uint64_t adopted;   /* how many of them were not found there */
	size_t pending;     /* in the destination, and not in the ledger yet */
	uint8_t digests[CONVERT_BATCH][SHA256_DIGEST_LENGTH];
	uint64_t seconds; /* of the last message's place in the order */
	unsigned microseconds;
	uint64_t done; /* octets of work, of `size` */
	uint64_t size;
};

/* Message n's facts; its extent, whose fd is the caller's to close, unless it is NULL. -ESTALE: it
 * is gone. -EAGAIN: others write to the mailbox again and again. */
int convert_facts(struct spool *spool, size_t n, struct facts *facts, struct spool_extent *extent,
	struct why *why);

/* So many octets more are done. */
void convert_progress(struct convert *convert, uint64_t octets);

/* convert_verify.c: read both again and compare them. */
int convert_verify(struct convert *convert, struct spool_conversion *done, struct why *why);

#endif

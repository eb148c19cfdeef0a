/*
 * tally - how often each digest is there, and which of them have been taken already. Messages may
 * be alike: two of them need two.
 */
#ifndef SPOOL_TALLY_H
#define SPOOL_TALLY_H

#include <sha256.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_row {
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t number; /* the caller's */
	size_t taken;  /* of the first among equals: how many of them */
};

struct tally {
	struct tally_row *at;
	size_t len;
	size_t cap;
	bool is_sorted;
};

void tally_init(struct tally *tally);
void tally_done(struct tally *tally);

/* 0 or -ENOMEM. What was taken already counts as not taken then. */
int tally_add(struct tally *tally, const uint8_t *digest, size_t number);

/* Take one that was not taken; of equals the one with the smallest number. NULL: there is none. */
const struct tally_row *tally_take(struct tally *tally, const uint8_t *digest);

#endif

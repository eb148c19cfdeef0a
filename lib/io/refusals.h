/*
 * refusals - connections that a listener turns away, told in a number of lines that whoever floods
 * it has no say in. Without that, a flood's lines would push out of the log those that matter:
 * journald drops what a service says too often.
 *
 * A source's first refusal is told at once; how many there were after that, once in
 * REFUSALS_PAUSE_MS at the most. So many sources have a place of their own; while all places are
 * taken, further ones are counted together. So in each pause there are at most
 * REFUSALS_SOURCES + 1 lines, whoever connects.
 *
 * A count is told late by as much as a pause. A listener that is killed by SIGKILL takes its last
 * counts with it. Times are clock_ms()'s.
 */
#ifndef IO_REFUSALS_H
#define IO_REFUSALS_H

#include "io/peer.h"

#include <stdint.h>

#define REFUSALS_SOURCES  16
#define REFUSALS_PAUSE_MS 10000

struct refusals {
	/*
	 * more is 0: this address is turned away, for the first time in a while. Else: so many
	 * refusals of its source have come since the last call about it; the address is that of
	 * the last one, or NULL for sources without a place. NULL: nobody wants to know.
	 */
	void (*tell)(void *context, const char *address, uint64_t more);
	void *context;
	struct refused {
		char source[PEER_ADDRESS_SIZE]; /* "": never used */
		char address[PEER_ADDRESS_SIZE];
		uint64_t untold;
		int64_t next;       /* when it may be told of again */
	} at[REFUSALS_SOURCES + 1]; /* the last: sources without a place */
};

/* All else is 0 in the beginning. source is peer_source()'s of address. */
void refusals_add(struct refusals *refusals, const char *source, const char *address, int64_t now);

/* Tell what may be told by now. */
void refusals_tell(struct refusals *refusals, int64_t now);

/* Milliseconds until there is something to tell; INT64_MAX: there is nothing. */
int64_t refusals_left(const struct refusals *refusals, int64_t now);

/* The listener ends: tell all that is left. */
void refusals_end(struct refusals *refusals);

#endif

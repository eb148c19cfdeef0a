/*
 * incoming - what a mailbox of any kind gets of a message: the trace fields that delivery adds, and
 * behind them the message as encode.h says. Or, if it comes from another mailbox, what that knew of
 * it.
 */
#ifndef SPOOL_INCOMING_H
#define SPOOL_INCOMING_H

#include "encode.h"

#include <stdint.h>

/* Of a message that was in a mailbox already. */
struct incoming_rewrite {
	const char *front;          /* fields to put in front, or "" */
	const char *const *dropped; /* as in encode.h */
};

struct incoming {
	const struct spool_envelope *envelope;
	int fd;
	uint64_t size; /* octets of the message in fd: what is added to it meanwhile is not read */
	const struct incoming_rewrite *rewrite; /* NULL: a delivery */
};

/* All of it, in this form. 0, or -errno: the sink's, or that of reading fd. */
int incoming_put(
	const struct incoming *incoming, enum spool_form form, encode_sink *sink, void *context);

#endif

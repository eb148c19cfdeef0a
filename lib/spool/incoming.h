/*
 * incoming - what a mailbox of any kind gets of a message: the trace fields that delivery adds, and
 * behind them the message as encode.h says.
 */
#ifndef SPOOL_INCOMING_H
#define SPOOL_INCOMING_H

#include "encode.h"

#include <stdint.h>

struct incoming {
	const struct spool_envelope *envelope;
	int fd;
	uint64_t size; /* octets of the message in fd: what is added to it meanwhile is not read */
	enum spool_form form;
};

/* 0, or -errno: the sink's, or that of reading fd. */
int incoming_put(const struct incoming *incoming, encode_sink *sink, void *context);

#endif

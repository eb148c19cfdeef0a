/*
 * wire - how many octets a POP3 session sends for a message that is not quoted (RFC 1939 section
 * 11): each LF, with or without a CR in front, as CRLF; the last line with its end; no
 * dot-stuffing.
 */
#ifndef SPOOL_WIRE_H
#define SPOOL_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct wire {
	uint64_t octets; /* of what was shown so far */
	char last;       /* the last octet of it */
};

/* The message in pieces of any size, from a struct wire of zeros on. */
void wire_text(struct wire *wire, const char *text, size_t len);

/* All of it was shown: its octets. */
uint64_t wire_end(const struct wire *wire);

/* Of the first `size` octets of fd. 0; -ESTALE: there are fewer; or another -errno. */
int wire_count(int fd, uint64_t size, uint64_t *octets);

#endif

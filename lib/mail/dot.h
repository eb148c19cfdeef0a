/*
 * dot - the way in: DATA's octets as they come, dot-stuffed CRLF lines, become stored LF lines
 * (RFC 5321 4.5.2). Also decides where the message ends, which is the one place where mail
 * smuggling is possible, so: only CRLF.CRLF ends it; a CR without LF, an LF without CR and a NUL
 * are events that no setting turns into line ends (RFC 5321 2.3.8). Lenient (a pipe, not a
 * network): LF alone is a line end.
 *
 * A stream over pieces of any size; no line is held.
 */
#ifndef MAIL_DOT_H
#define MAIL_DOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dot_event {
	DOT_MORE, /* all input used; the message goes on */
	DOT_END,  /* the final dot was read; input behind it is not used */
	DOT_BARE_CR,
	DOT_BARE_LF,
	DOT_NUL,
};

enum dot_state { DOT_AT_START, DOT_AFTER_DOT, DOT_AFTER_DOT_CR, DOT_IN_LINE, DOT_AFTER_CR };

struct dot {
	bool strict;
	enum dot_state state;
	uint64_t octets; /* of the message so far as RFC 1870 counts them: each line end is two */
};

void dot_init(struct dot *dot, bool strict);

/* Decode in[0..in_len); out has room for in_len octets. After an event other than DOT_MORE the
 * stream is over. */
enum dot_event dot_decode(struct dot *dot, const char *in, size_t in_len, size_t *in_used,
	char *out, size_t *out_len);

#endif

/*
 * pop3_message - one stored message as the octets of a multi-line response: read in pieces,
 * unquoted (mboxrd), cut off behind so many lines (TOP), with CRLF line ends and dot-stuffed.
 * Whatever the message's size or the length of its lines, the memory is that of this struct.
 *
 * The mailbox is not locked meanwhile: a mail reader may cut or rewrite it. Nobody can be kept from
 * that; but what comes out must not look whole to the client then.
 */
#ifndef POP3_MESSAGE_H
#define POP3_MESSAGE_H

#include "mail/crlf.h"
#include "mail/mboxrd.h"
#include "pop3_places.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POP3_PIECE         (128UL * 1024) /* octets read at once */
#define POP3_LINES         4096           /* of these, those that are unquoted at once */
#define POP3_WHOLE_MESSAGE UINT64_MAX     /* lines of body: all of them */

struct pop3_message {
	struct pop3_extent extent;
	uint64_t read; /* octets of the extent that were read */

	char raw[POP3_PIECE]; /* raw[raw_at..raw_end): read, not unquoted */
	size_t raw_at;
	size_t raw_end;
	struct mboxrd mboxrd;
	char plain[POP3_LINES]; /* for lines that were quoted, and their neighbours */
	const char *text;       /* text[0..text_len): unquoted, in raw or in plain; not sent */
	size_t text_len;
	bool drained; /* no text comes after that */

	uint64_t lines_left; /* of the body */
	bool in_header;
	size_t line_len;  /* of the line so far, where it began in an earlier piece */
	bool line_has_cr; /* it began with CR */

	struct crlf crlf;
	bool finished;
};

/* Begin to send what lies at *extent, whose fd stays the caller's: header, empty line and
 * body_lines lines of the body (RFC 1939 section 7, TOP). */
void pop3_message_open(
	struct pop3_message *message, const struct pop3_extent *extent, uint64_t body_lines);

/* The next octets, without the "." that ends the response; max at least 16. How many, 0 at the end,
 * -ESTALE where the file has been cut short, or -errno. */
ssize_t pop3_message_read(struct pop3_message *message, char *out, size_t max);

#endif

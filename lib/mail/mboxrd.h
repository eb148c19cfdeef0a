/*
 * mboxrd - the quoting that lets a message lie in an mbox and come back byte for byte.
 *
 * On the way in a line that matches ">*From " gains one ">", on the way out a line that matches
 * ">+From " loses one. Both directions are streams over pieces of any size with a few octets of
 * state; no line is ever held. In a CRLF file a line ends in CRLF; the functions don't care.
 */
#ifndef MAIL_MBOXRD_H
#define MAIL_MBOXRD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mboxrd_direction { MBOXRD_QUOTE, MBOXRD_UNQUOTE };

struct mboxrd {
	enum mboxrd_direction direction;
	bool at_margin;  /* everything since the line's begin may still become ">*From " */
	bool quoted;     /* UNQUOTE: the line's first '>' is held back */
	uint8_t matched; /* octets of "From " held back */
};

void mboxrd_init(struct mboxrd *rd, enum mboxrd_direction direction);

/*
 * Decode or encode in[0..in_len) into out[0..out_max): *in_used and *out_len tell how far it got.
 * Call again with the rest while in is not used up. out_max must be at least 16.
 */
void mboxrd_run(struct mboxrd *rd, const char *in, size_t in_len, size_t *in_used, char *out,
	size_t out_max, size_t *out_len);

/* How many octets from in[0] on stay as they are: who takes them from there need not have them
 * copied. They count as run. 0: mboxrd_run() has to look at the next ones. */
size_t mboxrd_plain(struct mboxrd *rd, const char *in, size_t len);

/* Put out what is still held back at the end of the message; true when all is out. Call until true.
 */
bool mboxrd_finish(struct mboxrd *rd, char *out, size_t out_max, size_t *out_len);

#endif

/*
 * mbox_pad - the header field that stands for octets which a removal could not cut out of the file.
 *
 * Blocks can be cut out of a file, octets can't. What is left of a removed message up to the next
 * block's border becomes a field of the message behind it, right after its From_ line:
 *
 *	X-Pillarbox-Padding: xxxx...
 *	 xxxx...
 *
 * Other programs see one more field (RFC 5322 section 3.6.8) and pass it on; libspool counts it
 * with the From_ line, so it is in no message that it shows. A field of that name anywhere else in
 * a header belongs to the message.
 */
#ifndef SPOOL_MBOX_PAD_H
#define SPOOL_MBOX_PAD_H

#include <stdbool.h>
#include <stddef.h>

#define MBOX_PAD_NAME "X-Pillarbox-Padding: "
#define MBOX_PAD_MIN  (sizeof(MBOX_PAD_NAME "x\n") - 1) /* octets of the shortest one */
#define MBOX_PAD_LINE 72 /* octets of the longest line that mbox_pad_make() makes, with its LF */

/* Is line[0..len), without its line end, the first line of such a field, or one that goes on with
 * it? */
bool mbox_pad_is_begin(const char *line, size_t len);
bool mbox_pad_is_more(const char *line, size_t len);

/* Fill out[0..len) with one field. len: at least MBOX_PAD_MIN. */
void mbox_pad_make(char *out, size_t len);

#endif

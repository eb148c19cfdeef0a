/*
 * mbox_lines - count what a body measures, at memory speed, and find what has to be looked at more
 * closely: the first octets of "From " at the begin of a line or behind '>'.
 */
#ifndef SPOOL_MBOX_LINES_H
#define SPOOL_MBOX_LINES_H

#include <stddef.h>
#include <stdint.h>

struct mbox_lines {
	uint64_t lf;
	uint64_t crlf; /* of these, with CR in front */
};

/*
 * Count in text[at..len), at < len, up to the next 'F' with LF or '>' in front and 'r' behind it.
 * Returns its place, which is never `at` itself, or len.
 */
size_t mbox_lines_count(const char *text, size_t at, size_t len, struct mbox_lines *lines);

#endif

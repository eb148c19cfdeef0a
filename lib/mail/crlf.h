/*
 * crlf - the way out: stored lines (LF or CRLF) become wire lines, dot-stuffed (RFC 1939 section 3,
 * RFC 5321 4.5.2). A stream over pieces of any size.
 */
#ifndef MAIL_CRLF_H
#define MAIL_CRLF_H

#include <stdbool.h>
#include <stddef.h>

struct crlf {
	bool at_start; /* the next octet begins a line */
	bool held_cr;  /* a CR was read and not yet put out: LF may follow */
};

void crlf_init(struct crlf *crlf);

/* Convert in[0..in_len) into out[0..out_max); out_max at least 4. Call again with what was not
 * used. */
void crlf_run(struct crlf *crlf, const char *in, size_t in_len, size_t *in_used, char *out,
	size_t out_max, size_t *out_len);

/* What must follow the last octet: the missing line end, if any, then ".\r\n". At most 6 octets
 * into out. */
size_t crlf_finish(struct crlf *crlf, char out[static 8]);

#endif

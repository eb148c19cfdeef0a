/*
 * mbox_encode - a message on its way into an mbox: CRLF becomes LF, the metadata fields that only a
 * mailbox's own programs may write are dropped from the header, "From " lines are quoted
 * (mail/mboxrd.h), the last line is ended.
 *
 * The octets come from anybody, in pieces of any size; no line is ever held.
 */
#ifndef SPOOL_MBOX_ENCODE_H
#define SPOOL_MBOX_ENCODE_H

#include "mail/mboxrd.h"

/* Where the result goes; a failure (-errno) ends the encoding. */
typedef int mbox_sink(void *context, const char *text, size_t len);

struct mbox_encode {
	mbox_sink *sink;
	void *context;
	bool held_cr; /* a CR, which is dropped if LF follows */
	bool in_header;
	bool in_name;   /* at the begin of a header line: the name is held back until it is known */
	bool dropping;  /* this field, with its continuation lines */
	bool line_open; /* the last octet put out was no LF */
	size_t name_len;
	char name[64];
	struct mboxrd quote;
};

void mbox_encode_init(struct mbox_encode *encode, mbox_sink *sink, void *context);
int mbox_encode_text(struct mbox_encode *encode, const char *text, size_t len);
int mbox_encode_end(struct mbox_encode *encode);

#endif

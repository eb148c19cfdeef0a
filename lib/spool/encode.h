/*
 * encode - a message on its way into a mailbox: CRLF becomes LF, the metadata fields that only a
 * mailbox's own programs may write are dropped from the header, the last line is ended, and for an
 * mbox "From " lines are quoted (mail/mboxrd.h).
 *
 * The octets come from anybody, in pieces of any size; no line is ever held.
 */
#ifndef SPOOL_ENCODE_H
#define SPOOL_ENCODE_H

#include "mail/mboxrd.h"
#include "spool.h"

/* Where the result goes; a failure (-errno) ends the encoding. */
typedef int encode_sink(void *context, const char *text, size_t len);

struct encode {
	encode_sink *sink;
	void *context;
	bool held_cr; /* a CR, which is dropped if LF follows */
	bool in_header;
	bool in_name;   /* at the begin of a header line: the name is held back until it is known */
	bool dropping;  /* this field, with its continuation lines */
	bool line_open; /* the last octet put out was no LF */
	size_t name_len;
	char name[64];
	enum spool_form form;
	struct mboxrd quote; /* SPOOL_FORM_MBOXRD */
	/* Names of fields to be dropped, up to NULL; one that ends in '*' is a prefix. */
	const char *const *dropped;
	/* Nothing that a POP3 session sends may become less: a CR in front of CRLF stays, and so
	 * does one at the end of a last line without LF. */
	bool is_exact;
	bool behind_cr; /* the last octet put out was a CR */
	bool is_double; /* and the one held back came right behind it */
};

extern const char *const encode_metadata[];

/* `dropped` and `is_exact` may be set afterwards; they begin as deliveries want them. */
void encode_init(struct encode *encode, enum spool_form form, encode_sink *sink, void *context);
int encode_text(struct encode *encode, const char *text, size_t len);
int encode_end(struct encode *encode);

#endif

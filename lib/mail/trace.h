/*
 * trace - the Received field that this server puts in front of a message (RFC 5321 4.4): who said
 * they were who, who they really were, who we are.
 */
#ifndef MAIL_TRACE_H
#define MAIL_TRACE_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct trace {
	const char *helo;     /* as the peer gave it; anything not safe in a header is replaced */
	const char *address;  /* the peer's numeric address; NULL: it has none */
	const char *origin;   /* then this, and the uid if it is known: "local pipe" */
	uid_t uid;            /* (uid_t)-1: not known */
	const char *hostname; /* ours */
	const char *protocol; /* trace_protocol() */
	const char *id;
	const char *recipient;    /* NULL unless there is exactly one: others must not learn of each
				     other */
	const char *cipher_suite; /* IANA's name of it (RFC 8314 section 4.3); NULL: no TLS */
	time_t when;
};

/* How the message came, for `protocol` (RFC 3848): "LMTP" or "ESMTP" with S and A for TLS and a
 * log-in, or just "SMTP", which has no such forms. */
enum trace_form { TRACE_SMTP, TRACE_ESMTP, TRACE_LMTP };
const char *trace_protocol(enum trace_form form, bool tls, bool login);

/* Add the field, folded, with LF line ends. 0 or -ENOBUFS, -ENOMEM. */
int trace_received(struct buf *out, const struct trace *trace);

#endif

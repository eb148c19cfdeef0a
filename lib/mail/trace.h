/*
 * trace - the Received field that this server puts in front of a message (RFC 5321 4.4): who said
 * they were who, who they really were, who we are.
 */
#ifndef MAIL_TRACE_H
#define MAIL_TRACE_H

#include "base/buf.h"

#include <sys/types.h>
#include <time.h>

struct trace {
	const char *helo;     /* as the peer gave it; anything not safe in a header is replaced */
	const char *address;  /* the peer's numeric address; NULL: it has none */
	const char *origin;   /* then this, and the uid if it is known: "local pipe" */
	uid_t uid;            /* (uid_t)-1: not known */
	const char *hostname; /* ours */
	const char *protocol; /* "SMTP", "ESMTP", "LMTP" (RFC 3848) */
	const char *id;
	const char *recipient; /* NULL unless there is exactly one: others must not learn of each
				  other */
	time_t when;
};

/* Add the field, folded, with LF line ends. 0 or -ENOBUFS, -ENOMEM. */
int trace_received(struct buf *out, const struct trace *trace);

#endif

/*
 * pop3_reply - how handlers say what the loop shall say.
 */
#ifndef POP3_REPLY_H
#define POP3_REPLY_H

#include "pop3_session.h"

#include "base/why.h"

/* Set the reply's text and return the event, so that a handler can end with `return
 * pop3_reply(...)`. */
__attribute__((format(printf, 3, 4))) int pop3_reply(
	struct pop3_session *session, enum pop3_event event, const char *fmt, ...);

/* As pop3_reply(), with the text and the response code that belong to a failure of the agent's.
 * Details are for the log, not for the peer. */
int pop3_reply_why(struct pop3_session *session, enum pop3_event event, const struct why *why);

/* POP3_BODY with this body, from its beginning. */
__attribute__((format(printf, 3, 4))) int pop3_reply_body(
	struct pop3_session *session, pop3_body *body, const char *fmt, ...);

/* The reply to an argument that names no message: err is pop3_maildrop_find()'s. */
int pop3_reply_no_message(struct pop3_session *session, int err);

#endif

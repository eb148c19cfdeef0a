/*
 * pop3_converse - hold a conversation with the peer of a session that is all set up.
 */
#ifndef POP3_CONVERSE_H
#define POP3_CONVERSE_H

#include "pop3_session.h"

/* From the greeting to the last reply; logs how it ended. The caller closes the connection. */
void pop3_converse(struct pop3_session *session);

/* The session has come to this end ("quit", "timeout", "disconnect"). */
void pop3_log_end(const struct pop3_session *session, const char *event);

#endif

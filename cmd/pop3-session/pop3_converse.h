/*
 * pop3_converse - hold a conversation with the peer of a session that is all set up.
 */
#ifndef POP3_CONVERSE_H
#define POP3_CONVERSE_H

#include "pop3_session.h"

/* From the greeting to the last reply; logs how it ended. The caller closes the connection. */
void pop3_converse(struct pop3_session *session);

#endif

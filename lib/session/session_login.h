/*
 * session_login - from what a client says to who it is: the agent is asked, the log told, failures
 * counted. The same for USER and PASS, and for AUTH in SMTP and in POP3.
 */
#ifndef SESSION_SESSION_LOGIN_H
#define SESSION_SESSION_LOGIN_H

#include "mail/sasl.h"
#include "session/session_link.h"

/*
 * Ask whether the password is user's. 0: link->user is who it is. -errno with *why (WHY_AUTH:
 * wrong, else it is our fault): the failure is logged and counted.
 */
int session_login(
	struct session_link *link, const char *user, const char *password, struct why *why);

/*
 * The same for a SASL exchange that has come to SASL_DONE or SASL_REFUSED, which takes as long and
 * fails in the same way as a wrong password. Ends the exchange.
 */
int session_login_sasl(
	struct session_link *link, struct sasl *sasl, enum sasl_step step, struct why *why);

/* Were there as many failures as [limits] logins allows? Then the session must end. */
bool session_login_is_over(const struct session_link *link);

#endif

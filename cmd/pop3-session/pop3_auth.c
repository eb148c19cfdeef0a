/*
 * pop3_auth - AUTH (RFC 5034) with PLAIN. It fails exactly as PASS does. Without a mechanism it is
 * an error (section 4): that old clients want a list then was never in an RFC, and CAPA has one.
 */
#include "pop3_reply.h"

#include "base/clock.h"
#include "session/session_login.h"

static verb_handler more;

void pop3_auth_abort(struct pop3_session *session)
{
	session->next = NULL;
	sasl_done(&session->sasl);
}

static int take(struct pop3_session *session, enum sasl_step step)
{
	int64_t began = clock_us();
	struct why why = {0};

	session->next = NULL;
	switch (step) {
	case SASL_CHALLENGE:
		session->next = more;
		return pop3_reply(session, POP3_CHALLENGE, "%s", session->sasl.challenge);
	case SASL_DONE:
	case SASL_REFUSED:
		if (session_login_sasl(&session->link, &session->sasl, step, &why) < 0)
			return pop3_fail_login(session, &why);
		return pop3_enter_transaction(session, began);
	case SASL_UNKNOWN:
		return pop3_reply(session, POP3_ERROR, "the mechanism is PLAIN");
	case SASL_CANCELLED:
		return pop3_reply(session, POP3_ERROR, "cancelled");
	case SASL_MALFORMED:
		break;
	}
	return pop3_reply(session, POP3_ERROR, "that is not what the mechanism wants in base64");
}

/* A line of the exchange. */
static int more(void *context, const char *line, size_t len)
{
	struct pop3_session *session = context;

	return take(session, sasl_continue(&session->sasl, line, len));
}

int pop3_auth(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;

	session->state = POP3_AUTHORIZATION; /* a USER in front of it is forgotten */
	return take(session, sasl_begin(&session->sasl, SASL_PLAIN, argument, len));
}

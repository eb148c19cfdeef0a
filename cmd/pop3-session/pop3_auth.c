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

static int log_in(struct pop3_session *session, enum sasl_step step)
{
	int64_t began = clock_us();
	struct why why = {0};

	if (session_login_sasl(&session->link, &session->sasl, step, &why) < 0)
		return pop3_fail_login(session, &why);
	return pop3_enter_transaction(session, began);
}

static int take(struct pop3_session *session, enum sasl_step step)
{
	static const char *const replies[] = {
		[SASL_UNKNOWN] = "the mechanism is PLAIN",
		[SASL_CANCELLED] = "cancelled",
		[SASL_MALFORMED] = "that is not what the mechanism wants in base64",
	};

	session->next = NULL;
	if (step == SASL_CHALLENGE) {
		session->next = more;
		return pop3_reply(session, POP3_CHALLENGE, "%s", session->sasl.challenge);
	}
	if (step == SASL_DONE || step == SASL_REFUSED)
		return log_in(session, step);
	sasl_done(&session->sasl);
	return pop3_reply(session, POP3_ERROR, "%s", replies[step]);
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

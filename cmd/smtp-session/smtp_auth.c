/*
 * smtp_auth - AUTH (RFC 4954) with PLAIN and LOGIN. Every way in which credentials can be wrong is
 * answered alike and as late; that a client has not sent what it should is told as it is.
 */
#include "base/clock.h"
#include "base/log.h"
#include "session/session_login.h"
#include "smtp_session.h"

#include <inttypes.h>
#include <stdio.h>

static verb_handler more;

void smtp_auth_abort(struct smtp_session *session)
{
	session->next = NULL;
	sasl_done(&session->sasl);
}

static int log_in(struct smtp_session *session, enum sasl_step step)
{
	int64_t began = clock_us();
	struct why why = {0};
	char took[24];

	if (session_login_sasl(&session->link, &session->sasl, step, &why) < 0) {
		session->told = true;
		if (why.class == WHY_AUTH)
			smtp_say(session, 535, "5.7.8", "Authentication failed");
		else
			smtp_say(session, 454, "4.7.0", "Authentication is not possible now");
		return SMTP_GO_ON;
	}
	snprintf(took, sizeof(took), "%" PRId64, clock_us() - began);
	log_event(LOG_INFO, "login", LOG_DURATION_US, took, LOG_END);
	smtp_say(session, 235, "2.7.0", "Welcome");
	return SMTP_GO_ON;
}

static int take(struct smtp_session *session, enum sasl_step step)
{
	static const struct {
		int code;
		const char *status;
		const char *text;
	} replies[] = {
		[SASL_UNKNOWN] = {504, "5.5.4", "The mechanisms are PLAIN and LOGIN"},
		[SASL_CANCELLED] = {501, "5.7.0", "Cancelled"},
		[SASL_MALFORMED] = {501, "5.5.2", "That is not what the mechanism wants in base64"},
	};

	session->next = NULL;
	if (step == SASL_CHALLENGE) {
		session->next = more;
		smtp_say(session, 334, "", "%s", session->sasl.challenge);
		return SMTP_GO_ON;
	}
	if (step == SASL_DONE || step == SASL_REFUSED)
		return log_in(session, step);
	sasl_done(&session->sasl);
	smtp_say(session, replies[step].code, replies[step].status, "%s", replies[step].text);
	return SMTP_GO_ON;
}

/* A line of the exchange (section 4). */
static int more(void *context, const char *line, size_t len)
{
	struct smtp_session *session = context;

	return take(session, sasl_continue(&session->sasl, line, len));
}

int smtp_auth(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;

	return take(session, sasl_begin(&session->sasl, SASL_PLAIN | SASL_LOGIN, argument, len));
}

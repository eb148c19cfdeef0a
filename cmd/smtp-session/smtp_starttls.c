/*
 * smtp_starttls - STARTTLS (RFC 3207).
 *
 * What comes behind the command in the clear is never read as if TLS had protected it: octets that
 * are here already end the connection, and those that come later reach the handshake, which fails.
 * What was said before TLS is forgotten (section 4.2); what protects this server, the counts of
 * errors and failed log-ins, is not.
 */
#include "smtp_session.h"

int smtp_starttls(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;
	struct why why = {0};

	(void)argument;
	(void)len;
	if (stream_has_input(&session->link.stream)) {
		session->ending = "octets behind STARTTLS";
		smtp_say(session, 554, "5.5.0", "Nothing may follow STARTTLS but TLS");
		return SMTP_CLOSE;
	}
	if (session_tls_prepare(&session->link, &why) < 0) {
		session->failure = why;
		smtp_say(session, 454, "4.7.0", "TLS is not available now"); /* section 4 */
		return session->link.sealed ? SMTP_GO_ON : SMTP_CLOSE;
	}
	smtp_say(session, 220, "2.0.0", "Ready for TLS");
	return SMTP_BEGIN_TLS;
}

enum smtp_event smtp_starttls_begin(struct smtp_session *session)
{
	if (session_tls_begin(&session->link) < 0) {
		session->ending = "no TLS";
		return SMTP_CLOSE;
	}
	smtp_transaction_reset(session);
	session->state = SMTP_START;
	session->extended = false;
	*session->helo = '\0';
	return SMTP_GO_ON;
}

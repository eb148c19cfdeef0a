/*
 * pop3_stls - STLS (RFC 2595 section 4).
 *
 * What comes behind the command in the clear is never read as if TLS had protected it: octets that
 * are here already end the connection, and those that come later reach the handshake, which fails.
 * A name that was given before TLS is forgotten; the counts of errors and failed log-ins are not.
 */
#include "pop3_reply.h"

int pop3_stls(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	struct why why = {0};

	(void)argument;
	(void)len;
	if (stream_has_input(&session->link.stream))
		return pop3_reply(session, POP3_CLOSE, "nothing may follow STLS but TLS");
	if (session_tls_prepare(&session->link, &why) < 0)
		return pop3_reply(session, session->link.sealed ? POP3_ERROR : POP3_CLOSE,
			"[SYS/TEMP] TLS is not available now");
	return pop3_reply(session, POP3_BEGIN_TLS, "ready for TLS");
}

bool pop3_stls_begin(struct pop3_session *session)
{
	if (session_tls_begin(&session->link) < 0)
		return false;
	session->state = POP3_AUTHORIZATION;
	*session->user = '\0';
	return true;
}

/* pop3_session - one POP3 session, from the first thing it needs to the last thing it gives back.
 */
#include "pop3_session.h"

#include "base/clock.h"
#include "pop3_converse.h"

#include <stdlib.h>
#include <sysexits.h>

int pop3_session_run(const struct session_start *start, int in, int out)
{
	/* Lenient: LF alone ends a line, too, as with every POP3 server. Nothing can be smuggled
	 * here. */
	const struct session_plan plan = {.lenient = true,
		.max_file = 0, /* it writes none */
		.handshake_seconds = start->conf->limits.login_seconds};
	struct pop3_session *session = calloc(1, sizeof(*session));
	int status;

	if (!session)
		return EX_OSERR;
	pop3_places_init(&session->places);
	session->state = POP3_AUTHORIZATION;
	session->began = clock_us();
	session->login_deadline = clock_ms() + (int64_t)start->conf->limits.login_seconds * 1000;
	session->linger = true;
	if (session_link_open(&session->link, start, &plan, in, out))
		pop3_converse(session);
	else
		pop3_log_end(session, "disconnect");
	pop3_auth_abort(session);
	pop3_places_done(&session->places);
	pop3_maildrop_done(&session->drop);
	session_link_close(&session->link, session->linger);
	status = session->link.status;
	free(session);
	return status;
}

/*
 * pop3_update - QUIT (RFC 1939 sections 4 and 6): the one and only way to remove anything.
 *
 * The order: remove, on disk; unlock; then answer. A client that has read the +OK finds the
 * maildrop free and its deleted messages gone for good.
 */
#include "pop3_reply.h"

#include "base/log.h"

int pop3_quit(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	const struct pop3_maildrop *drop = &session->drop;
	struct why why = {0};
	int err;

	(void)argument;
	(void)len;
	if (session->state != POP3_TRANSACTION)
		return pop3_reply(session, POP3_QUIT, "goodbye");

	/* Also where nothing is marked: this unlocks. */
	err = agent_update(&session->link.agent, drop->marks, drop->table.count, &why);
	if (err < 0)
		log_event(LOG_ERR, "update-failed", LOG_STATUS, why.status, LOG_REASON, why.text,
			LOG_END);
	if (err < 0 && drop->marked > 0)
		return pop3_reply(
			session, POP3_CLOSE, "[SYS/TEMP] some deleted messages not removed");
	session->removed = drop->marked;
	return pop3_reply(
		session, POP3_QUIT, "goodbye, %zu messages left", pop3_maildrop_count(drop));
}

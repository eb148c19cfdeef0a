/* pop3_transaction - STAT, DELE, RSET and NOOP (RFC 1939 section 5). */
#include "pop3_reply.h"

int pop3_stat(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;

	(void)argument;
	(void)len;
	return pop3_reply(session, POP3_OK, "%zu %llu", pop3_maildrop_count(&session->drop),
		(unsigned long long)pop3_maildrop_octets(&session->drop));
}

/* Only a mark: the message is removed when QUIT enters the UPDATE state, and not before. */
int pop3_dele(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	size_t number;
	int event;
	int err = pop3_maildrop_find(&session->drop, argument, len, &number);

	if (err < 0)
		return pop3_reply_no_message(session, err);
	if (pop3_need_entries(session, &event) < 0)
		return event;
	pop3_maildrop_mark(&session->drop, number);
	return pop3_reply(session, POP3_OK, "message %zu deleted", number);
}

int pop3_rset(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;

	(void)argument;
	(void)len;
	pop3_maildrop_unmark_all(&session->drop);
	return pop3_reply(session, POP3_OK, "maildrop has %zu messages (%llu octets)",
		pop3_maildrop_count(&session->drop),
		(unsigned long long)pop3_maildrop_octets(&session->drop));
}

int pop3_noop(void *context, const char *argument, size_t len)
{
	(void)argument;
	(void)len;
	return pop3_reply(context, POP3_OK, "nothing done");
}

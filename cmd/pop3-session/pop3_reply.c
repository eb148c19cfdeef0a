/* pop3_reply - see pop3_reply.h. The one place where a failure becomes a POP3 reply. */
#include "pop3_reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/*
 * RFC 2449 section 8.1.2 ([IN-USE]), RFC 3206 sections 4 ([SYS/TEMP], [SYS/PERM]) and 5 ([AUTH]).
 * At [AUTH] clients ask their user for another password: never for a failure of ours.
 */
static const char *const refusals[] = {
	[WHY_NONE] = "not possible",
	[WHY_TEMP] = "[SYS/TEMP] not possible now, try again later",
	[WHY_PERM] = "[SYS/PERM] not possible, ask the administrator of this server",
	[WHY_INUSE] = "[IN-USE] another session has this maildrop",
	[WHY_AUTH] = "[AUTH] user name or password is wrong",
};

static void set_text(struct pop3_session *session, const char *fmt, va_list args)
{
	vsnprintf(session->reply.text, sizeof(session->reply.text), fmt, args);
}

int pop3_reply(struct pop3_session *session, enum pop3_event event, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_text(session, fmt, args);
	va_end(args);
	return event;
}

int pop3_reply_why(struct pop3_session *session, enum pop3_event event, const struct why *why)
{
	size_t class = why->class;

	if (class >= sizeof(refusals) / sizeof(refusals[0]))
		class = WHY_TEMP;
	return pop3_reply(session, event, "%s", refusals[class]);
}

int pop3_reply_body(struct pop3_session *session, pop3_body *body, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_text(session, fmt, args);
	va_end(args);
	session->reply.body = body;
	session->reply.cursor = 0;
	return POP3_BODY;
}

int pop3_reply_no_message(struct pop3_session *session, int err)
{
	if (err == -EINVAL)
		return pop3_reply(
			session, POP3_ERROR, "a message number is digits and nothing else");
	if (err == -ENOENT)
		return pop3_reply(session, POP3_ERROR, "that message is marked as deleted");
	return pop3_reply(session, POP3_ERROR, "no such message, only %zu in maildrop",
		session->drop.table.count);
}

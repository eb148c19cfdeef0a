/* smtp_misc - RSET, NOOP, QUIT, VRFY, EXPN, HELP (RFC 5321 4.1.1.5 to 4.1.1.10). */
#include "smtp_session.h"

#include <string.h>
#include <strings.h>

int smtp_rset(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;

	(void)argument;
	(void)len;
	smtp_transaction_reset(session);
	smtp_say(session, 250, "2.0.0", "Reset");
	return SMTP_GO_ON;
}

int smtp_noop(void *context, const char *argument, size_t len)
{
	(void)argument; /* 4.1.1.9: an argument is allowed and means nothing */
	(void)len;
	smtp_say(context, 250, "2.0.0", "Ok");
	return SMTP_GO_ON;
}

int smtp_quit(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;

	(void)argument;
	(void)len;
	session->quit = true;
	session->ending = "quit";
	smtp_say(session, 221, "2.0.0", "%s says goodbye", session->link.conf->hostname);
	return SMTP_CLOSE;
}

int smtp_vrfy(void *context, const char *argument, size_t len)
{
	(void)argument; /* 3.5.3: whether somebody exists is not told to whoever asks */
	(void)len;
	smtp_say(context, 252, "2.5.0", "Send mail, and it will be seen");
	return SMTP_GO_ON;
}

int smtp_expn(void *context, const char *argument, size_t len)
{
	(void)argument;
	(void)len;
	smtp_say(context, 502, "5.5.1", "Lists are not shown");
	return SMTP_GO_ON;
}

static const struct verb *named(const struct verb *verb, const char *name, size_t len)
{
	for (; verb->name; verb++) {
		if (strlen(verb->name) == len && strncasecmp(verb->name, name, len) == 0)
			return verb;
	}
	return NULL;
}

int smtp_help(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;
	const struct verb *verb = named(session->verbs, argument, len);

	if (len > 0 && !verb) {
		smtp_say(session, 504, "5.5.4", "There is no such command");
		return SMTP_GO_ON;
	}
	if (verb) {
		smtp_say(session, 214, "2.0.0", "%s", verb->usage);
		return SMTP_GO_ON;
	}
	for (verb = session->verbs; verb->name; verb++)
		(void)buf_addf(&session->answer, "214-2.0.0 %s\r\n", verb->usage);
	smtp_say(session, 214, "2.0.0", "That is all");
	return SMTP_GO_ON;
}

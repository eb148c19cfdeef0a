/* smtp_greet - HELO, EHLO and LHLO (RFC 5321 4.1.1.1, RFC 2033 4.1). */
#include "smtp_session.h"

#include <stdio.h>
#include <string.h>

/* The name is only ever shown, never believed (4.1.4: no refusal over it), but it must be one
 * printable word. */
static bool take_name(struct smtp_session *session, const char *name, size_t len)
{
	while (len > 0 && name[len - 1] == ' ')
		len--;
	if (len >= sizeof(session->helo))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '!' || name[i] > '~') /* whatever the sign of a char */
			return false;
	}
	memcpy(session->helo, name, len);
	session->helo[len] = '\0';
	return true;
}

/* 4.1.4: an EHLO in the middle of a transaction ends it, as RSET does; a refused one changes
 * nothing. */
static bool greet(struct smtp_session *session, const char *name, size_t len)
{
	if (!take_name(session, name, len)) {
		smtp_say(session, 501, "5.5.4", "That is neither a domain nor an address literal");
		return false;
	}
	smtp_transaction_reset(session);
	session->state = SMTP_READY;
	return true;
}

int smtp_helo(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;

	if (greet(session, argument, len)) {
		session->extended = false;
		smtp_say(session, 250, "", "%s", session->link.conf->hostname);
	}
	return SMTP_GO_ON;
}

/* One line of EHLO's answer; SIZE tells how large a message may be (RFC 1870 section 4). */
static void put_line(struct smtp_session *session, char separator, const char *keyword, size_t len)
{
	(void)buf_addf(&session->answer, "250%c%.*s", separator, (int)len, keyword);
	if (len == 4 && memcmp(keyword, "SIZE", 4) == 0)
		(void)buf_addf(&session->answer, " %llu",
			(unsigned long long)session->link.conf->max_message_size);
	(void)buf_addf(&session->answer, "\r\n");
}

/* What the verbs advertise, a keyword a line; a line is put out when it is known whether another
 * follows. */
int smtp_ehlo(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;
	unsigned has = session_link_has(&session->link);
	const char *line = session->link.conf->hostname;
	size_t line_len = strlen(line);

	if (!greet(session, argument, len))
		return SMTP_GO_ON;
	session->extended = true;
	for (const struct verb *verb = session->verbs; verb->name; verb++) {
		bool offered = verb->advertise && verb_is_offered(verb, has);
		const char *at = offered ? verb->advertise : "";

		while (*at) {
			put_line(session, '-', line, line_len);
			line = at;
			line_len = strcspn(at, "\n");
			at += line_len + (at[line_len] == '\n');
		}
	}
	put_line(session, ' ', line, line_len);
	return SMTP_GO_ON;
}

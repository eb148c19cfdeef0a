/*
 * pop3_capa - CAPA (RFC 2449 section 5). What a verb brings is said in its row of the verb table,
 * where the connection has what it needs (RFC 2449 section 6.2: USER is for where USER and PASS are
 * possible); the rest is here: RESP-CODES, PIPELINING, EXPIRE, IMPLEMENTATION (RFC 2449 section 6),
 * AUTH-RESP-CODE (RFC 3206).
 */
#include "pop3_reply.h"

#include <stdio.h>
#include <string.h>

#define ANY_STATE (POP3_AUTHORIZATION | POP3_NAMED | POP3_TRANSACTION)

/* Which program this is concerns only those who have logged in (RFC 2449 section 6.9). */
static const struct {
	unsigned states;
	const char *line;
} capabilities[] = {
	{ANY_STATE, "RESP-CODES"},
	{ANY_STATE, "AUTH-RESP-CODE"},
	{ANY_STATE, "PIPELINING"},
	{ANY_STATE, "EXPIRE NEVER"},
	{POP3_TRANSACTION, "IMPLEMENTATION Pillarbox-" PILLARBOX_VERSION},
};

static size_t put_line(const char *line, char *out, size_t max)
{
	int n = snprintf(out, max, "%s\r\n", line);

	return n > 0 && (size_t)n < max ? (size_t)n : 0;
}

/* All of it is short: one piece. */
static ssize_t capa_body(struct pop3_session *session, char *out, size_t max)
{
	unsigned has = session_link_has(&session->link);
	size_t made = 0;

	if (session->reply.cursor++ > 0)
		return 0;
	for (const struct verb *verb = pop3_verbs; verb->name; verb++) {
		if (verb->advertise && verb_is_offered(verb, has))
			made += put_line(verb->advertise, out + made, max - made);
	}
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if (capabilities[i].states & session->state)
			made += put_line(capabilities[i].line, out + made, max - made);
	}
	return (ssize_t)made;
}

int pop3_capa(void *context, const char *argument, size_t len)
{
	(void)argument;
	(void)len;
	return pop3_reply_body(context, capa_body, "capability list follows");
}

/*
 * pop3_list - LIST (RFC 1939 section 5) and UIDL (section 7): of one message, or of all that are
 * not marked as deleted. A listing is written a piece at a time, however many messages there are;
 * it is asked for when a client first wants one.
 */
#include "pop3_reply.h"

#include "base/log.h"

#include <stdio.h>

#define LINE_SIZE 128 /* two numbers, or a number and a unique-id of 70 octets, and CRLF */

/* "number octets" or "number unique-id", without line end (RFC 1939 sections 5, 7). Its length. */
typedef int listing(const struct agent_entry *entry, size_t number, char out[static LINE_SIZE]);

int pop3_need_entries(struct pop3_session *session, int *event)
{
	struct why why = {0};
	int err = agent_list_maildrop(&session->link.agent, &session->drop.table, &why);

	if (err < 0) {
		log_event(LOG_ERR, "list-failed", LOG_STATUS, why.status, LOG_REASON, why.text,
			LOG_END);
		*event = pop3_reply_why(session, POP3_ERROR, &why);
	}
	return err;
}

static int scan_listing(const struct agent_entry *entry, size_t number, char out[static LINE_SIZE])
{
	return snprintf(out, LINE_SIZE, "%zu %llu", number, (unsigned long long)entry->octets);
}

static int id_listing(const struct agent_entry *entry, size_t number, char out[static LINE_SIZE])
{
	return snprintf(out, LINE_SIZE, "%zu %.*s", number, AGENT_UIDL_SIZE - 1, entry->uidl);
}

static ssize_t list_some(struct pop3_session *session, listing *line, char *out, size_t max)
{
	const struct pop3_maildrop *drop = &session->drop;
	size_t made = 0;

	while (session->reply.cursor < drop->table.count && max - made >= LINE_SIZE) {
		size_t number = ++session->reply.cursor;

		if (pop3_maildrop_is_marked(drop, number))
			continue;
		made += (size_t)line(pop3_maildrop_entry(drop, number), number, out + made);
		out[made++] = '\r';
		out[made++] = '\n';
	}
	return (ssize_t)made;
}

static ssize_t list_body(struct pop3_session *session, char *out, size_t max)
{
	return list_some(session, scan_listing, out, max);
}

static ssize_t uidl_body(struct pop3_session *session, char *out, size_t max)
{
	return list_some(session, id_listing, out, max);
}

static int list_one(struct pop3_session *session, listing *line, const char *argument, size_t len)
{
	char text[LINE_SIZE];
	size_t number;
	int event;
	int err = pop3_maildrop_find(&session->drop, argument, len, &number);

	if (err < 0)
		return pop3_reply_no_message(session, err);
	if (pop3_need_entries(session, &event) < 0)
		return event;
	line(pop3_maildrop_entry(&session->drop, number), number, text);
	return pop3_reply(session, POP3_OK, "%s", text);
}

int pop3_list(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	int event;

	if (len > 0)
		return list_one(session, scan_listing, argument, len);
	if (pop3_need_entries(session, &event) < 0)
		return event;
	return pop3_reply_body(session, list_body, "%zu messages (%llu octets)",
		pop3_maildrop_count(&session->drop),
		(unsigned long long)pop3_maildrop_octets(&session->drop));
}

int pop3_uidl(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	int event;

	if (len > 0)
		return list_one(session, id_listing, argument, len);
	if (pop3_need_entries(session, &event) < 0)
		return event;
	return pop3_reply_body(
		session, uidl_body, "%zu messages", pop3_maildrop_count(&session->drop));
}

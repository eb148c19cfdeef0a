/*
 * pop3_retr - RETR (RFC 1939 section 5) and TOP (section 7). The agent says where the message lies;
 * the rest happens here, from the fd to the loop, in pieces.
 */
#include "pop3_reply.h"

#include "base/log.h"
#include "base/num.h"

#include <errno.h>
#include <string.h>

/*
 * All is sent but the end. If somebody wrote to the mailbox since the agent looked (a delivery,
 * most often; or a mail reader that moved messages about), then only what still lies at the same
 * place is what was asked for.
 */
static int verify(struct pop3_session *session)
{
	const struct pop3_extent *sent = &session->message.extent;
	struct pop3_places now;
	struct pop3_extent extent;
	struct why why;
	bool same;

	if (!pop3_extent_is_touched(sent))
		return 0;
	pop3_places_init(&now);
	if (pop3_places_find(&now, &session->link.agent, session->message_number, &extent, &why) <
		0)
		return -ESTALE;
	same = pop3_extent_is_same(sent, &extent);
	pop3_places_done(&session->places);
	session->places = now;
	return same ? 0 : -ESTALE;
}

static ssize_t message_body(struct pop3_session *session, char *out, size_t max)
{
	ssize_t n = pop3_message_read(&session->message, out, max);

	if (n == 0)
		n = verify(session);
	if (n < 0)
		log_event(LOG_WARNING, "retrieve-broken", LOG_REASON,
			n == -ESTALE
				? "another program changed the mailbox while a message was sent"
				: strerror((int)-n),
			LOG_END);
	return n;
}

static ssize_t retr_body(struct pop3_session *session, char *out, size_t max)
{
	ssize_t n = message_body(session, out, max);

	if (n == 0)
		session->retrieved++;
	return n;
}

/* Get hold of message number. 0, or an event. */
static int fetch(struct pop3_session *session, size_t number, uint64_t lines, int *event)
{
	struct pop3_extent extent;
	struct why why = {0};
	int err = pop3_places_find(&session->places, &session->link.agent, number, &extent, &why);

	if (err < 0) {
		log_event(LOG_WARNING, "fetch-failed", LOG_STATUS, why.status, LOG_REASON, why.text,
			LOG_END);
		*event = pop3_reply_why(session, POP3_ERROR, &why);
		return err;
	}
	pop3_message_open(&session->message, &extent, lines);
	session->message_number = number;
	return 0;
}

int pop3_retr(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	size_t number;
	int event;
	int err = pop3_maildrop_find(&session->drop, argument, len, &number);

	if (err < 0)
		return pop3_reply_no_message(session, err);
	if (fetch(session, number, POP3_WHOLE_MESSAGE, &event) < 0)
		return event;
	/* Of the message as it is now: a mail reader may have added a Status field since LIST told
	 * its size. */
	return pop3_reply_body(session, retr_body, "%llu octets",
		(unsigned long long)session->message.extent.range.octets);
}

/* "TOP msg n", both required, n non-negative (RFC 1939 section 7). */
int pop3_top(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	const char *space = memchr(argument, ' ', len);
	size_t first = space ? (size_t)(space - argument) : len;
	uint64_t lines;
	size_t number;
	int event;
	int err = pop3_maildrop_find(&session->drop, argument, first, &number);

	if (err < 0)
		return pop3_reply_no_message(session, err);
	if (!space || num_parse(space + 1, len - first - 1, POP3_WHOLE_MESSAGE - 1, &lines) < 0)
		return pop3_reply(
			session, POP3_ERROR, "a number of lines is wanted behind the message");
	if (fetch(session, number, lines, &event) < 0)
		return event;
	return pop3_reply_body(session, message_body, "top of message");
}

/*
 * pop3_authorization - USER and PASS (RFC 1939 section 7): from a name to a maildrop.
 *
 * Nothing here tells whether a user exists: USER is answered before anybody looks, and each way to
 * fail reads the same. The agent makes them take equally long, too.
 */
#include "pop3_reply.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/session_login.h"

#include <stdio.h>
#include <string.h>

/* Could this be a name: does it fit in a request, is it free of control characters? */
static bool is_name(const char *name, size_t len)
{
	if (len >= AGENT_ADDRESS_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

/* A second USER replaces the first: RFC 1939 doesn't foresee it, clients do it. */
int pop3_user(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;

	session->state = POP3_AUTHORIZATION;
	if (!is_name(argument, len))
		return pop3_reply(session, POP3_ERROR, "[AUTH] that is not a name");
	memcpy(session->user, argument, len);
	session->user[len] = '\0';
	session->state = POP3_NAMED;
	return pop3_reply(session, POP3_OK, "password, please");
}

/* RFC 1939 section 7: the maildrop is locked, its messages are numbered, and it is held until the
 * session ends. */
static int open_maildrop(struct pop3_session *session, struct why *why)
{
	struct agent_maildrop table;
	int err = agent_open_maildrop(&session->link.agent, &table, why);

	if (err < 0)
		return err;
	err = pop3_maildrop_init(&session->drop, &table);
	if (err < 0) {
		agent_maildrop_done(&table);
		return why_errno(why, -err, "maildrop", "list");
	}
	return 0;
}

static void log_login(const struct pop3_session *session, int64_t began)
{
	char octets[24];
	char took[24];
	char what[64];

	snprintf(octets, sizeof(octets), "%llu", (unsigned long long)session->drop.table.octets);
	snprintf(took, sizeof(took), "%lld", (long long)(clock_us() - began));
	snprintf(what, sizeof(what), "messages=%zu", session->drop.table.count);
	log_event(LOG_INFO, "login", LOG_SIZE, octets, LOG_DURATION_US, took, LOG_REASON, what,
		LOG_END);
}

int pop3_enter_transaction(struct pop3_session *session, int64_t began)
{
	struct why why = {0};

	/* The channel is this user's now, for ever: a log-in that ends here is not tried again.
	 * IN-USE (RFC 2449 section 8.1.2) tells the client to come back later. */
	if (open_maildrop(session, &why) < 0) {
		log_event(why.class == WHY_INUSE ? LOG_INFO : LOG_ERR, "maildrop-refused",
			LOG_STATUS, why.status, LOG_REASON, why.text, LOG_END);
		return pop3_reply_why(session, POP3_CLOSE, &why);
	}
	session->state = POP3_TRANSACTION;
	log_login(session, began);
	return pop3_reply(session, POP3_OK, "maildrop has %zu messages (%llu octets)",
		session->drop.table.count, (unsigned long long)session->drop.table.octets);
}

/* The name is forgotten: PASS comes immediately after a successful USER (RFC 1939 section 7). */
int pop3_fail_login(struct pop3_session *session, const struct why *why)
{
	session->state = POP3_AUTHORIZATION;
	return pop3_reply_why(
		session, session_login_is_over(&session->link) ? POP3_CLOSE : POP3_ERROR, why);
}

/* The argument is the whole rest of the line, since a password may have spaces in it (RFC 1939
 * section 7). */
int pop3_pass(void *context, const char *argument, size_t len)
{
	struct pop3_session *session = context;
	char password[STREAM_LINE_MAX]; /* the line had as much, with its end */
	int64_t began = clock_us();
	struct why why = {0};
	int err;

	memcpy(password, argument, len);
	password[len] = '\0';
	err = session_login(&session->link, session->user, password, &why);
	explicit_bzero(password, sizeof(password));
	return err < 0 ? pop3_fail_login(session, &why) : pop3_enter_transaction(session, began);
}

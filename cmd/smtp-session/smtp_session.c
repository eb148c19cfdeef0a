/*
 * smtp_session - see smtp_session.h: the loop, from greeting to goodbye. It alone speaks to the
 * peer, and decides nothing about mail.
 */
#include "smtp_session.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/session_login.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (1 << 20) /* LMTP answers DATA with a line for each recipient */

bool smtp_is_lmtp(const struct smtp_session *session)
{
	return session->link.start->service->flags & SMTP_LMTP;
}

void smtp_transaction_reset(struct smtp_session *session)
{
	struct smtp_transaction *transaction = &session->transaction;

	for (size_t i = 0; i < transaction->count; i++)
		free(transaction->recipients[i]);
	free(transaction->recipients);
	memset(transaction, 0, sizeof(*transaction));
	if (session->state != SMTP_START)
		session->state = SMTP_READY;
}

static bool is_over_limit(struct smtp_session *session)
{
	const struct conf_limits *limits = &session->link.conf->limits;

	if (session->errors >= limits->errors)
		session->ending = "too many errors";
	else if (session->junk > limits->junk_commands)
		session->ending = "too many commands without a message";
	else if (session_login_is_over(&session->link)) /* RFC 4954 section 9 */
		session->ending = "too many failed log-ins";
	else
		return false;
	smtp_say(session, 421, "4.7.0", "%s: %s", session->link.conf->hostname, session->ending);
	return true;
}

static int run_line(struct smtp_session *session, const char *line, size_t len)
{
	struct verb_call call;
	enum verb_verdict verdict;

	if (session->next)
		return session->next(session, line, len);
	verdict = verb_find(
		session->verbs, line, len, session->state, session_link_has(&session->link), &call);
	if (verdict != VERB_OK || call.verb->flags & VERB_JUNK)
		session->junk++;
	if (verdict != VERB_OK)
		return smtp_say_verdict(session, verdict, &call, line, len);
	return call.verb->handler(session, call.argument, call.argument_len);
}

/* Whoever reads the log learns of each refusal what the peer was told, and what not. */
static void log_refusal(const struct smtp_session *session)
{
	char sender[PATH_TEXT_SIZE] = "";

	if (session->state & (SMTP_SENDER | SMTP_RECIPIENTS))
		path_format(&session->transaction.sender, sender);
	log_event(LOG_INFO, "refused", LOG_QUEUE_ID, session->transaction.id, LOG_SENDER, sender,
		LOG_RECIPIENT, session->subject, LOG_STATUS, session->failure.status, LOG_REASON,
		session->failure.text, LOG_END);
}

static void put_answer(struct smtp_session *session)
{
	stream_put(&session->link.stream, session->answer.at, session->answer.len);
	session->answer.len = 0;
}

int smtp_send(struct smtp_session *session)
{
	put_answer(session);
	return stream_flush(&session->link.stream,
		clock_ms() + (int64_t)session->link.conf->limits.command_seconds * 1000);
}

/* Hand the answer to the stream. RFC 2920 3.2: it may wait while whole commands are waiting to be
 * read. */
static int send_answer(struct smtp_session *session, int event)
{
	if (session->failed)
		session->errors++;
	if (session->failed && !session->told)
		log_refusal(session);
	session->failed = false;
	session->told = false;
	session->failure.class = WHY_NONE;
	*session->subject = '\0';
	if (session->broken) {
		session->ending = "out of memory";
		return SMTP_CLOSE;
	}
	put_answer(session);
	if (event == SMTP_GO_ON && stream_has_line(&session->link.stream))
		return event;
	if (smtp_send(session) < 0) {
		session->ending = session->ending ? session->ending : "replies can't be sent";
		return SMTP_CLOSE;
	}
	return event;
}

static int read_command(struct smtp_session *session)
{
	int64_t deadline = clock_ms() + (int64_t)session->link.conf->limits.command_seconds * 1000;
	const char *line;
	size_t len;
	enum stream_event input;
	int event;

	if (is_over_limit(session))
		return SMTP_CLOSE;
	input = stream_line(&session->link.stream, session->next ? SASL_LINE_MAX : STREAM_LINE_MAX,
		deadline, &line, &len);
	if (input == STREAM_LINE) {
		event = run_line(session, line, len);
		stream_wipe(&session->link.stream, line, len); /* may have been a password */
		return event;
	}
	event = smtp_say_bad_line(session, input);
	smtp_auth_abort(session);
	return event;
}

/* What a command has asked for beyond its answer. */
static int follow(struct smtp_session *session, int event)
{
	if (event == SMTP_RECEIVE) {
		smtp_say(session, 354, "", "Send the message, then a line with a dot");
		event = send_answer(session, SMTP_RECEIVE);
		if (event == SMTP_RECEIVE)
			event = smtp_data_receive(session);
	}
	event = send_answer(session, event);
	return event == SMTP_BEGIN_TLS ? (int)smtp_starttls_begin(session) : event;
}

static void loop(struct smtp_session *session)
{
	int event;

	smtp_say(session, 220, "", "%s %s Pillarbox", session->link.conf->hostname,
		smtp_is_lmtp(session) ? "LMTP" : "ESMTP"); /* RFC 5321 4.3.1 */
	event = send_answer(session, SMTP_GO_ON);
	while (event != SMTP_CLOSE)
		event = follow(session, read_command(session));
}

static void log_end(const struct smtp_session *session, int64_t begun)
{
	char duration[24];
	char summary[128];

	snprintf(duration, sizeof(duration), "%" PRId64, clock_us() - begun);
	snprintf(summary, sizeof(summary), "%s; messages=%" PRIu64 " errors=%" PRIu64,
		session->ending ? session->ending : "ended", session->accepted, session->errors);
	log_event(LOG_INFO, "disconnect", LOG_REASON, summary, LOG_DURATION_US, duration, LOG_END);
}

int smtp_session_run(const struct session_start *start, int in, int out)
{
	static struct smtp_session session;
	const struct session_plan plan = {
		.max_file = start->conf->max_message_size * 2,
		.handshake_seconds = start->conf->limits.command_seconds,
	};
	int64_t begun = clock_us();

	memset(&session, 0, sizeof(session));
	session.verbs = start->service->verbs;
	session.state = SMTP_START;
	buf_init(&session.answer, ANSWER_MAX);
	if (session_link_open(&session.link, start, &plan, in, out))
		loop(&session);
	else
		session.ending = "there was no session";
	smtp_auth_abort(&session);
	smtp_transaction_reset(&session);
	log_end(&session, begun);
	/* after QUIT the peer sends nothing more */
	session_link_close(&session.link, !session.quit || stream_has_input(&session.link.stream));
	buf_done(&session.answer);
	return session.link.status;
}

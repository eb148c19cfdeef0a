/*
 * pop3_converse - the one loop: line in, verb, handler, reply out. Nobody else speaks to the peer.
 *
 * Of the peer it believes nothing. Whatever ends the loop but QUIT leaves the maildrop as it was
 * (RFC 1939 section 6), since only QUIT's handler ever asks for a removal.
 */
#include "pop3_converse.h"

#include "base/clock.h"
#include "base/log.h"
#include "pop3_reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PIECE_SIZE 16384

/*
 * Before log-in the deadline is that of the whole log-in: who never logs in never holds a session
 * for long. Afterwards each command starts the autologout timer anew (RFC 1939 section 3).
 */
static int64_t deadline(const struct pop3_session *session)
{
	if (session->state != POP3_TRANSACTION)
		return session->login_deadline;
	return clock_ms() + (int64_t)session->link.conf->limits.idle_seconds * 1000;
}

void pop3_log_end(const struct pop3_session *session, const char *event)
{
	char summary[96];
	char octets[24];
	char took[24];

	snprintf(summary, sizeof(summary), "retrieved=%llu deleted=%llu",
		(unsigned long long)session->retrieved, (unsigned long long)session->removed);
	snprintf(octets, sizeof(octets), "%llu", (unsigned long long)session->octets_sent);
	snprintf(took, sizeof(took), "%lld", (long long)(clock_us() - session->began));
	log_event(LOG_INFO, event, LOG_SIZE, octets, LOG_DURATION_US, took, LOG_REASON, summary,
		LOG_END);
}

/* The body of a multi-line response, and the "." that ends it: only if the body came to its end. */
static int say_body(struct pop3_session *session)
{
	struct stream *stream = &session->link.stream;
	ssize_t n = 0;
	size_t room;
	char *out;

	while ((out = stream_room(stream, PIECE_SIZE, &room)) != NULL &&
		(n = session->reply.body(session, out, room)) > 0) {
		stream->write_deadline = deadline(session);
		stream_added(stream, (size_t)n);
		session->octets_sent += (uint64_t)n;
	}
	if (n < 0)
		return (int)n;
	stream_put(stream, ".\r\n", 3);
	return stream->error;
}

/* Say what a handler has left. 0, or -errno where the conversation can't go on. */
static int say(struct pop3_session *session, enum pop3_event event)
{
	static const char *const indicators[] = {[POP3_OK] = "+OK",
		[POP3_BODY] = "+OK",
		[POP3_CHALLENGE] = "+",
		[POP3_BEGIN_TLS] = "+OK",
		[POP3_ERROR] = "-ERR",
		[POP3_QUIT] = "+OK",
		[POP3_CLOSE] = "-ERR"};

	stream_putf(&session->link.stream, "%s %s\r\n", indicators[event], session->reply.text);
	return event == POP3_BODY ? say_body(session) : session->link.stream.error;
}

/* How a line that should have been a command was refused by the verb table. RFC 3206 section 5: at
 * [AUTH] a client's user has to do something about it. */
static int refuse(struct pop3_session *session, enum verb_verdict verdict, const struct verb *verb)
{
	if (verdict == VERB_NOT_PRIVATE)
		return pop3_reply(
			session, POP3_ERROR, "[AUTH] passwords are not taken without TLS here");
	if (verdict == VERB_NOT_HERE)
		return pop3_reply(
			session, POP3_ERROR, "%s is not possible on this server", verb->name);
	if (verdict == VERB_BAD_SYNTAX)
		return pop3_reply(session, POP3_ERROR, "usage: %s", verb->usage);
	if (verdict == VERB_UNKNOWN)
		return pop3_reply(session, POP3_ERROR, "unknown command");
	return pop3_reply(session, POP3_ERROR, "%s is not possible in this state", verb->name);
}

static int obey(struct pop3_session *session, const char *line, size_t len)
{
	struct verb_call call;
	enum verb_verdict verdict;

	if (session->next)
		return session->next(session, line, len);
	verdict = verb_find(
		pop3_verbs, line, len, session->state, session_link_has(&session->link), &call);
	if (verdict != VERB_OK)
		return refuse(session, verdict, call.verb);
	/* A client that has hung up must not have its mail removed by a QUIT that it sent ahead. */
	if (call.verb->flags & VERB_ENDS_GROUP &&
		stream_flush(&session->link.stream, deadline(session)) < 0)
		return pop3_reply(session, POP3_CLOSE, "connection lost");
	return call.verb->handler(session, call.argument, call.argument_len);
}

/* Not a line that could be a command (RFC 1939 section 3: printable ASCII, ended by CRLF). */
static int refuse_line(struct pop3_session *session, enum stream_event event)
{
	const char *text = event == STREAM_TOO_LONG  ? "line too long"
			   : event == STREAM_BAD_NUL ? "NUL in the line"
						     : "CR in the line";

	pop3_auth_abort(session);
	return pop3_reply(session, POP3_ERROR, "%s", text);
}

/* RFC 1939 doesn't limit errors; a client that makes so many of them is none. */
static int count_error(struct pop3_session *session, int event)
{
	if (event != POP3_ERROR || ++session->errors < session->link.conf->limits.errors)
		return event;
	log_event(LOG_NOTICE, "limit", LOG_REASON, "errors", LOG_END);
	return pop3_reply(session, POP3_CLOSE, "too many errors");
}

/* The input has ended without QUIT. After a timeout not even a response is sent (RFC 1939
 * section 3). */
static void end_of_input(struct pop3_session *session, enum stream_event event)
{
	session->linger = false;
	pop3_log_end(session, event == STREAM_TIMEOUT ? "timeout" : "disconnect");
}

/* The last response is said: make sure that it goes out before the connection ends. */
static void leave(struct pop3_session *session, int event)
{
	int err = stream_flush(&session->link.stream, deadline(session));

	pop3_log_end(session, err == -ETIMEDOUT                ? "timeout"
			      : event == POP3_QUIT && err == 0 ? "quit"
							       : "disconnect");
	session->linger = event == POP3_CLOSE && err == 0;
}

static bool begin_tls(struct pop3_session *session)
{
	if (stream_flush(&session->link.stream, deadline(session)) == 0 && pop3_stls_begin(session))
		return true;
	pop3_log_end(session, "disconnect");
	return false;
}

/* Take one line's event through to its reply. True: the conversation goes on. */
static bool answer(struct pop3_session *session, int event)
{
	int err;

	event = count_error(session, event);
	err = say(session, (enum pop3_event)event);
	if (err == 0 && event == POP3_BEGIN_TLS)
		return begin_tls(session);
	if (err == 0 && event != POP3_QUIT && event != POP3_CLOSE)
		return true;
	leave(session, err < 0 ? POP3_CLOSE : event);
	return false;
}

/* One line, whatever it is. True: the conversation goes on. */
static bool take_line(struct pop3_session *session)
{
	const char *line;
	size_t len;
	int event;
	enum stream_event input = stream_line(&session->link.stream,
		session->next ? SASL_LINE_MAX : STREAM_LINE_MAX, deadline(session), &line, &len);

	switch (input) {
	case STREAM_LINE:
		event = obey(session, line, len);
		stream_wipe(&session->link.stream, line, len);
		return answer(session, event);
	case STREAM_TOO_LONG:
	case STREAM_BAD_NUL:
	case STREAM_BAD_CR:
	case STREAM_BAD_LF:
		return answer(session, refuse_line(session, input));
	case STREAM_ENDLESS:
		session->errors =
			session->link.conf->limits.errors; /* there is no going on behind it */
		return answer(session, pop3_reply(session, POP3_ERROR, "line without end"));
	case STREAM_EOF:
	case STREAM_TIMEOUT:
	case STREAM_ERROR:
		break;
	}
	end_of_input(session, input);
	return false;
}

/* RFC 2449 section 6.6: replies are collected while more commands are waiting. */
static bool is_in_touch(struct pop3_session *session)
{
	if (stream_has_line(&session->link.stream) ||
		stream_flush(&session->link.stream, deadline(session)) == 0)
		return true;
	leave(session, POP3_CLOSE);
	return false;
}

void pop3_converse(struct pop3_session *session)
{
	stream_putf(&session->link.stream, "+OK Pillarbox POP3 ready on %s\r\n",
		session->link.conf->hostname);
	while (is_in_touch(session) && take_line(session))
		continue;
}

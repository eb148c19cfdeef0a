/*
 * smtp_session - see smtp_session.h: set-up, the loop, and goodbye.
 *
 * The order before the greeting is the safety of the whole: learn the peer while fd 0 may be asked,
 * get the agent's channel while there are rights to get it with, then give the rights up, and only
 * then read the first octet.
 */
#include "smtp_session.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/jail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#define ANSWER_MAX (1 << 20) /* LMTP answers DATA with a line for each recipient */

void smtp_say(struct smtp_session *session, int code, const char *status, const char *fmt, ...)
{
	char text[400]; /* RFC 5321 4.5.3.1.5: a reply line has 512 octets */
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (buf_addf(&session->answer, "%d %s%s%s\r\n", code, status, *status ? " " : "", text) < 0)
		session->broken = true;
	if (code >= 400 && session->failure.class == WHY_NONE)
		why_set(&session->failure, 0, code >= 500 ? WHY_PERM : WHY_TEMP, status, "%s",
			text);
	if (code >= 400)
		session->failed = true;
}

/* RFC 5321 4.2.2 and 4.2.3 for the code, RFC 3463 for the status that the failure came with. */
void smtp_say_why(struct smtp_session *session, const struct why *why)
{
	static const struct {
		const char *status;
		int code;
	} codes[] = {
		{"4.2.2", 452}, /* mailbox full */
		{"4.3.1", 452}, /* disk full */
		{"5.1.1", 550}, /* no such mailbox */
		{"5.3.4", 552}, /* message too big */
	};
	bool perm = why->class == WHY_PERM;
	int code = perm ? 554 : 451;

	session->failure = *why;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].status, why->status) == 0)
			code = codes[i].code;
	}
	if (perm)
		smtp_say(session, code, *why->status ? why->status : "5.0.0", "%s", why->text);
	else /* our own troubles are for our own log: paths and the like stay here */
		smtp_say(session, code, *why->status == '4' ? why->status : "4.3.0",
			"Not possible now; try again later");
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

/* Why a line is refused before any verb is looked for; some of it can't be gone on from. */
static int refuse_line(struct smtp_session *session, enum stream_event event)
{
	switch (event) {
	case STREAM_TOO_LONG: /* RFC 5321 4.5.3.1.9 */
		smtp_say(session, 500, "5.5.2", "The line is too long");
		return SMTP_GO_ON;
	case STREAM_BAD_NUL:
	case STREAM_BAD_CR:
	case STREAM_BAD_LF: /* RFC 5321 2.3.8 */
		session->ending = "bare CR, bare LF or NUL";
		smtp_say(session, 500, "5.5.2", "Lines end in CR LF, and hold no CR, LF or NUL");
		return SMTP_CLOSE;
	case STREAM_TIMEOUT: /* RFC 5321 4.5.3.2.7 */
		session->ending = "timeout";
		smtp_say(session, 421, "4.4.2", "%s: nothing was heard for too long",
			session->conf->hostname);
		return SMTP_CLOSE;
	case STREAM_ENDLESS:
		session->ending = "a line without end";
		smtp_say(session, 500, "5.5.2", "The line does not end");
		return SMTP_CLOSE;
	case STREAM_EOF:
		session->ending = "disconnected";
		return SMTP_CLOSE;
	case STREAM_ERROR:
	case STREAM_LINE:
		break;
	}
	session->ending = "connection broken";
	return SMTP_CLOSE;
}

/* A browser that was lured here: its request body is somebody else's choice of commands. */
static bool is_http(const char *line, size_t len)
{
	static const char *const methods[] = {
		"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t method_len = strlen(methods[i]);

		if (len > method_len && line[method_len] == ' ' &&
			strncasecmp(line, methods[i], method_len) == 0)
			return true;
	}
	return false;
}

static int refuse_verb(struct smtp_session *session, enum verb_verdict verdict,
	const struct verb_call *call, const char *line, size_t len)
{
	if (verdict == VERB_UNKNOWN && is_http(line, len)) {
		session->ending = "HTTP";
		smtp_say(session, 500, "5.5.1", "This is not a web server");
		return SMTP_CLOSE;
	}
	if (verdict == VERB_UNKNOWN)
		smtp_say(session, 500, "5.5.1", "Command not recognized");
	else if (verdict == VERB_BAD_STATE)
		smtp_say(session, 503, "5.5.1", "%s is out of order here", call->verb->name);
	else
		smtp_say(session, 501, "5.5.4", "Syntax: %s", call->verb->usage);
	return SMTP_GO_ON;
}

static bool is_over_limit(struct smtp_session *session)
{
	const struct conf_limits *limits = &session->conf->limits;

	if (session->errors >= limits->errors)
		session->ending = "too many errors";
	else if (session->junk > limits->junk_commands)
		session->ending = "too many commands without a message";
	else
		return false;
	smtp_say(session, 421, "4.7.0", "%s: %s", session->conf->hostname, session->ending);
	return true;
}

static int run_line(struct smtp_session *session, const char *line, size_t len)
{
	struct verb_call call;
	enum verb_verdict verdict;

	verdict = verb_find(session->verbs, line, len, session->state, 0, &call);
	if (verdict != VERB_OK) {
		session->junk++;
		return refuse_verb(session, verdict, &call, line, len);
	}
	if (call.verb->flags & VERB_JUNK)
		session->junk++;
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
	stream_put(&session->stream, session->answer.at, session->answer.len);
	session->answer.len = 0;
}

int smtp_send(struct smtp_session *session)
{
	put_answer(session);
	return stream_flush(&session->stream,
		clock_ms() + (int64_t)session->conf->limits.command_seconds * 1000);
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
	if (event == SMTP_GO_ON && stream_has_line(&session->stream))
		return event;
	if (smtp_send(session) < 0) {
		session->ending = session->ending ? session->ending : "replies can't be sent";
		return SMTP_CLOSE;
	}
	return event;
}

static int read_command(struct smtp_session *session)
{
	int64_t deadline = clock_ms() + (int64_t)session->conf->limits.command_seconds * 1000;
	const char *line;
	size_t len;
	enum stream_event event;

	if (is_over_limit(session))
		return SMTP_CLOSE;
	event = stream_line(&session->stream, STREAM_LINE_MAX, deadline, &line, &len);
	if (event != STREAM_LINE)
		return refuse_line(session, event);
	return run_line(session, line, len);
}

static void loop(struct smtp_session *session)
{
	int event;

	smtp_say(session, 220, "", "%s %s Pillarbox", session->conf->hostname,
		session->lmtp ? "LMTP" : "ESMTP"); /* RFC 5321 4.3.1 */
	event = send_answer(session, SMTP_GO_ON);
	while (event != SMTP_CLOSE) {
		event = read_command(session);
		if (event == SMTP_RECEIVE) {
			smtp_say(session, 354, "", "Send the message, then a line with a dot");
			event = send_answer(session, SMTP_RECEIVE);
			if (event == SMTP_RECEIVE)
				event = smtp_data_receive(session);
		}
		event = send_answer(session, event);
	}
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

/* Everything that may fail before the greeting. The failure, if any, is told to the peer and to the
 * log. */
static int prepare(struct smtp_session *session, const char *config_path, struct why *why)
{
	const struct conf *conf = session->conf;
	struct jail jail = {.user = *conf->user ? conf->user : "pillarbox",
		.named = *conf->user != '\0',
		.max_file = conf->max_message_size * 2,
		.max_seconds = conf->limits.session_seconds + 60};
	bool fallback;
	bool open;
	int err;

	err = agent_open_channel(&session->agent, conf->agent_socket, config_path, session->id,
		session->peer.address, why);
	if (err < 0)
		return err;
	session->has_agent = true;
	if (conf->limits.session_seconds / 2 < AGENT_PATIENCE_SECONDS)
		agent_set_patience(&session->agent, conf->limits.session_seconds / 2);
	jail.channel = session->agent.fd;
	err = jail_enter(&jail, &fallback, &open, why);
	if (err == 0 && fallback)
		log_event(LOG_WARNING, "no-user", LOG_REASON,
			"there is no user pillarbox; the session runs as nobody", LOG_END);
	return err;
}

int smtp_session_run(const struct conf *conf, const char *config_path, bool lmtp, int in, int out)
{
	static struct smtp_session session;
	int64_t begun = clock_us();
	int status = EX_OK;
	struct why why;

	memset(&session, 0, sizeof(session));
	session.conf = conf;
	session.lmtp = lmtp;
	session.verbs = lmtp ? lmtp_verbs : smtp_verbs;
	session.state = SMTP_START;
	buf_init(&session.answer, ANSWER_MAX);
	id_make(session.id);
	peer_learn(&session.peer, in, out);
	log_context(LOG_SESSION_ID, session.id);
	log_context(LOG_REMOTE_ADDR, session.peer.address);
	if (stream_init(&session.stream, in, out, session.peer.network,
		    clock_ms() + (int64_t)conf->limits.session_seconds * 1000) < 0)
		return EX_OSERR;
	if (prepare(&session, config_path, &why) < 0) {
		log_event(LOG_ERR, "unavailable", LOG_STATUS, why.status, LOG_REASON, why.text,
			LOG_END);
		stream_putf(
			&session.stream, "421 4.3.0 %s is not available now\r\n", conf->hostname);
		(void)stream_flush(&session.stream, clock_ms() + 10000);
		session.ending = "unavailable";
		status = EX_TEMPFAIL;
	} else {
		log_event(LOG_INFO, "connect", LOG_END);
		loop(&session);
	}
	smtp_transaction_reset(&session);
	if (session.has_agent)
		agent_close_channel(&session.agent);
	if (!session.quit || stream_has_input(&session.stream))
		stream_linger(&session.stream); /* after QUIT the peer sends nothing more */
	log_end(&session, begun);
	stream_done(&session.stream);
	buf_done(&session.answer);
	return status;
}

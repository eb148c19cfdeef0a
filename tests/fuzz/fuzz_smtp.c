/*
 * A whole SMTP, submission or LMTP session (cmd/smtp-session), from the octets of a client to what
 * the agent is asked and back.
 *
 * A second reader of the same dialogue goes through it line by line: each command has one reply, a
 * well-formed one; 250 behind DATA means that the agent has delivered just that message to all who
 * were accepted, once; the message ends where RFC 5321 says and nowhere else; what was said in
 * clear counts for nothing under TLS; a password goes to the agent only where it may be said.
 */
#include "client.h"
#include "fake_agent.h"
#include "io/stream.h"
#include "mail/sasl.h"
#include "smtp-session/smtp_session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct session_service services[] = {
	{"smtp", 0, smtp_verbs},
	{"submission", SMTP_SUBMISSION, submission_verbs},
	{"lmtp", SMTP_LMTP, lmtp_verbs},
	{"submissions", SMTP_SUBMISSION | SESSION_TLS, submission_verbs},
};

static const struct session_program program = {
	.name = "smtp-session",
	.protocol = "smtp",
	.state_names = smtp_state_names,
	.not_set_up = "421 4.3.5 no\r\n",
	.unavailable = "421 4.3.0 no\r\n",
	.too_many = "421 4.7.0 no\r\n",
	.run = smtp_session_run,
};

/* The second reader: where it is, and what it knows. */
struct reader {
	const struct client *client;
	const struct session_service *service;
	bool strict;
	size_t in;   /* in what the client sent */
	size_t out;  /* in what it got */
	size_t call; /* in what the agent was asked */
	int code;    /* of the latest reply */
	bool tls;
	bool greeted;
	bool logged_in;
	bool challenged; /* the next line belongs to AUTH */
	bool has_sender;
	size_t recipients;
	bool is_over;
};

static bool has_reply(const struct reader *reader)
{
	return reader->out < reader->client->out.len;
}

/* One line of a reply: "250 text" or "250-text" and CRLF (RFC 5321 4.2). True: there is another. */
static bool read_reply_line(struct reader *reader)
{
	const char *at = reader->client->out.at + reader->out;
	size_t left = reader->client->out.len - reader->out;
	const char *lf = memchr(at, '\n', left);
	size_t len = lf ? (size_t)(lf - at) + 1 : 0;
	int code;

	must(len >= 6 && len <= 512 && at[len - 2] == '\r');
	must(at[0] >= '2' && at[0] <= '5' && at[1] >= '0' && at[1] <= '5');
	must(at[2] >= '0' && at[2] <= '9' && (at[3] == ' ' || at[3] == '-'));
	must(fuzz_is_printable(at, len - 2, true));
	code = atoi(at);
	must(reader->code == 0 || reader->code == code);
	reader->code = code;
	reader->out += len;
	return at[3] == '-';
}

static void read_reply(struct reader *reader)
{
	must(has_reply(reader));
	reader->code = 0;
	while (read_reply_line(reader))
		must(has_reply(reader));
}

/* Behind this reply the session may have ended: nothing more may come, whatever the client sent. */
static void end(struct reader *reader)
{
	must(!has_reply(reader));
	reader->is_over = true;
}

static void reset(struct reader *reader)
{
	reader->has_sender = false;
	reader->recipients = 0;
}

static bool is_verb(const char *line, size_t len, const char *verb)
{
	size_t verb_len = strlen(verb);

	return len >= verb_len && strncasecmp(line, verb, verb_len) == 0 &&
	       (len == verb_len || line[verb_len] == ' ');
}

/* The next request that the session made at the line in hand, if it is of this kind. */
static const struct fake_call *call_here(struct reader *reader, enum agent_op op)
{
	const struct fake_call *call =
		reader->call < fake_agent_count() ? fake_agent_call(reader->call) : NULL;

	if (!call || call->at != reader->in || call->op != op)
		return NULL;
	reader->call++;
	return call;
}

/* The line in hand is done with: what it made the session ask that is not of interest here? */
static void pass_calls(struct reader *reader)
{
	while (reader->call < fake_agent_count() &&
		fake_agent_call(reader->call)->at <= reader->in) {
		enum agent_op op = fake_agent_call(reader->call++)->op;

		must(op == AGENT_LOOKUP || op == AGENT_TICKET);
	}
}

/* The message as it was sent: decoded in the obvious way. What ended it. */
static int read_message(struct reader *reader, struct fuzz_sink *text)
{
	fuzz_add(text, "", 0);
	for (;;) {
		const char *line = reader->client->in.at + reader->in;
		size_t len, next;
		int event = client_line(
			reader->client, reader->in, SIZE_MAX, reader->strict, &len, &next);

		if (event != STREAM_LINE)
			return event;
		reader->in = next;
		if (len == 1 && *line == '.')
			return STREAM_LINE;
		fuzz_add(text, line + (len > 0 && *line == '.'), len - (len > 0 && *line == '.'));
		fuzz_add(text, "\n", 1);
	}
}

/* There is no further line, but what there is may be wrong already. */
static bool is_bad(const struct reader *reader)
{
	const char *at = reader->client->in.at + reader->in;
	size_t len = reader->client->in.len - reader->in;

	return memchr(at, '\0', len) || memchr(at, '\r', len);
}

/* What was staged is one Received field of ours, and then the message. */
static void check_content(const struct fuzz_text *content, const struct fuzz_sink *text)
{
	size_t trace_len = content->len - text->len;
	size_t lines = 0;

	must(content->len > text->len && memcmp(content->at, "Received: ", 10) == 0);
	must(memcmp(content->at + trace_len, text->at, text->len) == 0);
	for (size_t i = 0; i < trace_len; i++) {
		bool is_end = content->at[i] == '\n';

		must(is_end || content->at[i] == '\t' ||
			fuzz_is_printable(content->at + i, 1, true));
		must(!is_end || i + 1 == trace_len || content->at[i + 1] == '\t');
		lines += is_end;
	}
	must(content->at[trace_len - 1] == '\n' && lines >= 3 && lines <= 6);
}

static bool is_first(const struct fake_call *call, size_t before)
{
	for (const struct fake_call *other = call - before; other < call; other++) {
		if (strcmp(other->recipient, call->recipient) == 0)
			return false;
	}
	return true;
}

/* The deliveries of one message, all made when the session had it: how many, and how many of them
 * failed. */
static size_t check_deliveries(
	struct reader *reader, const struct fuzz_sink *text, bool staged, size_t *failed)
{
	const struct fake_call *call;
	size_t count = 0;

	*failed = 0;
	while ((call = call_here(reader, AGENT_DELIVER))) {
		must(staged && is_first(call, count));
		if (call->content.at)
			check_content(&call->content, text);
		*failed += call->error < 0;
		count++;
	}
	must(count <= reader->recipients);
	return count;
}

/* DATA was answered by 354. */
static void follow_message(struct reader *reader)
{
	const struct fake_call *stage = call_here(reader, AGENT_STAGE);
	size_t replies = reader->service->flags & SMTP_LMTP ? reader->recipients : 1;
	struct fuzz_sink text = {0};
	int event = read_message(reader, &text);
	size_t failed, count, accepted = 0;

	must(stage && reader->recipients > 0);
	if (event != STREAM_LINE) { /* the end is not there, or a bare CR or LF, or a NUL */
		must(event != STREAM_EOF || !has_reply(reader) || is_bad(reader));
		if (has_reply(reader))
			read_reply(reader);
		else
			reader->code = event == STREAM_EOF ? 554 : 0;
		must(reader->code == 554);
		end(reader);
	} else {
		count = check_deliveries(reader, &text, stage->error == 0, &failed);
		for (size_t i = 0; i < replies; i++) {
			read_reply(reader);
			must(reader->code == 250 || reader->code >= 400);
			accepted += reader->code == 250;
		}
		must((accepted > 0) == (count > failed) || replies == 1);
		must((accepted == replies) == (count > 0 && failed == 0));
		reset(reader);
	}
	fuzz_done(&text);
}

static void follow_auth(struct reader *reader)
{
	const struct fake_call *call;

	reader->challenged = reader->code == 334;
	call = call_here(reader, AGENT_LOGIN);
	must(call || (reader->code != 235 && reader->code != 535 && reader->code != 454));
	if (!call)
		return;
	must(!reader->logged_in && (reader->tls || reader->client->local));
	must(reader->code == 235 ? call->error == 0 : call->error < 0);
	must(reader->code == 235 || reader->code == 535 || reader->code == 454);
	reader->logged_in = reader->code == 235;
}

static void follow_starttls(struct reader *reader)
{
	if (reader->code == 554)
		end(reader);
	if (reader->code != 220)
		return;
	must(!reader->tls && reader->client->has_loaded && reader->client->handshakes == 1);
	must(reader->client->tls_in == reader->in && reader->client->tls_out == reader->out);
	must(!reader->logged_in && !reader->has_sender);
	if (reader->client->fails_at_tls)
		end(reader);
	reader->tls = true;
	reader->greeted = false;
	reset(reader);
}

static void follow_mail(struct reader *reader)
{
	if (reader->code == 421)
		end(reader);
	if (reader->code != 250)
		return;
	must(reader->greeted && !reader->has_sender);
	must(!(reader->service->flags & SMTP_SUBMISSION) || reader->logged_in);
	reader->has_sender = true;
}

static bool is_http(const char *line, size_t len)
{
	static const char *const methods[] = {
		"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (is_verb(line, len, methods[i]))
			return len > strlen(methods[i]);
	}
	return false;
}

/* What the command, having this reply, means for what follows. */
static void follow(struct reader *reader, const char *line, size_t len)
{
	bool greeting = is_verb(line, len, "EHLO") || is_verb(line, len, "HELO") ||
			is_verb(line, len, "LHLO");

	if (is_verb(line, len, "AUTH")) {
		follow_auth(reader);
	} else if (is_verb(line, len, "STARTTLS")) {
		follow_starttls(reader);
	} else if (is_verb(line, len, "DATA") && reader->code == 354) {
		follow_message(reader);
	} else if (is_verb(line, len, "MAIL")) {
		follow_mail(reader);
	} else if (is_verb(line, len, "RCPT") && reader->code == 250) {
		must(reader->has_sender);
		reader->recipients++;
	} else if (is_verb(line, len, "QUIT") && reader->code == 221) {
		end(reader);
	} else if (greeting && reader->code == 250) {
		reader->greeted = true;
		reset(reader);
	} else if (is_verb(line, len, "RSET") && reader->code == 250) {
		reset(reader);
	} else {
		must(reader->code != 354 && reader->code != 334 && reader->code != 235);
		if (reader->code == 500 && is_http(line, len))
			end(reader);
	}
}

static void read_line(struct reader *reader)
{
	const char *line = reader->client->in.at + reader->in;
	size_t max = reader->challenged ? SASL_LINE_MAX : STREAM_LINE_MAX;
	size_t len, next;
	int event = client_line(reader->client, reader->in, max, reader->strict, &len, &next);

	if (event == STREAM_EOF && !has_reply(reader)) {
		end(reader);
		return;
	}
	read_reply(reader);
	must(event != STREAM_EOF || reader->code == 421);
	if (reader->code == 421 && !has_reply(reader)) { /* over a limit; the line was not read */
		end(reader);
		return;
	}
	reader->in = next;
	if (event == STREAM_LINE && reader->challenged) {
		follow_auth(reader);
	} else if (event == STREAM_LINE) {
		follow(reader, line, len);
	} else {
		must(reader->code == 500);
		reader->challenged = false;
		if (event != STREAM_TOO_LONG)
			end(reader);
	}
	pass_calls(reader);
}

static void check(const struct client *client, const struct session_service *service)
{
	struct reader reader = {.client = client, .service = service, .strict = client->network};

	reader.tls = service->flags & SESSION_TLS;
	if (reader.tls && (!client->has_loaded || client->fails_at_tls)) {
		must(client->out.len == 0 && client->given == 0);
		return;
	}
	read_reply(&reader);
	must(reader.code == 220);
	pass_calls(&reader);
	while (!reader.is_over)
		read_line(&reader);
	must(!has_reply(&reader));
	reader.in = client->in.len;
	pass_calls(&reader);
	must(client->handshakes == (unsigned)reader.tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct session_service *service;
	struct client client;
	struct fuzz fuzz;

	fuzz_init(&fuzz, data, size);
	service = &services[fuzz_octet(&fuzz) & 3];
	client_init(&client, &fuzz);
	fake_agent_begin(&fuzz);
	client_run(&client, &program, service, client_conf());
	check(&client, service);
	fake_agent_end();
	client_done(&client);
	return 0;
}

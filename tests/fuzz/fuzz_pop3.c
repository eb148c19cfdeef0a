/*
 * A whole POP3 session (cmd/pop3-session), from the octets of a client to what the agent is asked
 * and back.
 *
 * A second reader of the same dialogue goes through it line by line: each command has one response,
 * a well-formed one; a message comes as it is, or the connection ends; what is removed, and when,
 * is what DELE, RSET and QUIT say and nothing else; a password goes to the agent only where it may
 * be said; what was said in clear counts for nothing under TLS.
 */
#include "client.h"
#include "fake_agent.h"
#include "io/stream.h"
#include "mail/sasl.h"
#include "pop3-session/pop3_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct session_service services[] = {
	{"pop3", 0, pop3_verbs},
	{"pop3s", SESSION_TLS, pop3_verbs},
};

static const struct session_program program = {
	.name = "pop3-session",
	.protocol = "pop3",
	.state_names = pop3_state_names,
	.not_set_up = "-ERR no\r\n",
	.unavailable = "-ERR no\r\n",
	.too_many = "-ERR no\r\n",
	.run = pop3_session_run,
};

/* The second reader: where it is, and what it knows. */
struct reader {
	const struct client *client;
	size_t in;   /* in what the client sent */
	size_t out;  /* in what it got */
	size_t call; /* in what the agent was asked */
	char status; /* '+', '-', or 'c' for a challenge */
	bool tls;
	bool challenged; /* the next line belongs to AUTH */
	bool named;      /* a name was given, and not in front of STLS */
	bool logged_in;
	unsigned marked; /* bit n: message n + 1 is */
	bool is_over;
};

static bool has_reply(const struct reader *reader)
{
	return reader->out < reader->client->out.len;
}

/* A line of what came, with CRLF; false if there is none that is whole. */
static bool take_line(struct reader *reader, const char **line, size_t *len)
{
	const char *at = reader->client->out.at + reader->out;
	const char *lf = memmem(at, reader->client->out.len - reader->out, "\r\n", 2);

	if (!lf)
		return false;
	*line = at;
	*len = (size_t)(lf - at);
	reader->out += *len + 2;
	return true;
}

/* RFC 1939 section 3, RFC 5034 section 4. */
static void read_status(struct reader *reader)
{
	const char *line;
	size_t len;

	must(take_line(reader, &line, &len));
	must(len <= 510 && fuzz_is_printable(line, len, true));
	if (len >= 4 && memcmp(line, "+OK ", 4) == 0)
		reader->status = '+';
	else if (len >= 5 && memcmp(line, "-ERR ", 5) == 0)
		reader->status = '-';
	else
		reader->status = 'c';
	must(reader->status != 'c' || (len >= 2 && memcmp(line, "+ ", 2) == 0));
}

static void end(struct reader *reader)
{
	must(!has_reply(reader));
	reader->is_over = true;
}

static bool is_verb(const char *line, size_t len, const char *verb)
{
	size_t verb_len = strlen(verb);

	return len >= verb_len && strncasecmp(line, verb, verb_len) == 0 &&
	       (len == verb_len || line[verb_len] == ' ');
}

/* The number behind a verb of so many letters, of a message that there is; 0: none. */
static size_t number_of(const char *line, size_t len, size_t verb_len)
{
	size_t number = 0;

	for (size_t i = verb_len + 1; i < len; i++) {
		if (line[i] < '0' || line[i] > '9' || number > fake_agent_messages())
			return 0;
		number = number * 10 + (size_t)(line[i] - '0');
	}
	return number <= fake_agent_messages() ? number : 0;
}

/* The next request that the session made at the line in hand, if it is of this kind. */
static const struct fake_call *call_here(struct reader *reader, unsigned op)
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
		unsigned op = fake_agent_call(reader->call++)->op;

		must(op == AGENT_FETCH || op == AGENT_LIST || op == AGENT_TICKET ||
			op == FAKE_WRITTEN);
	}
}

/* The lines of a multi-line response, their stuffing undone. False: the connection ended in it. */
static bool read_body(struct reader *reader, struct fuzz_sink *text)
{
	const char *line;
	size_t len;

	fuzz_add(text, "", 0);
	while (take_line(reader, &line, &len)) {
		if (len == 1 && *line == '.')
			return true;
		must(len == 0 || *line != '.' || (len > 1 && line[1] == '.'));
		fuzz_add(text, line + (len > 0 && *line == '.'), len - (len > 0 && *line == '.'));
		fuzz_add(text, "\r\n", 2);
	}
	reader->out = reader->client->out.len;
	return false;
}

/* How often the session asked where a message lies, and whether others wrote to the mailbox. */
static unsigned take_fetches(struct reader *reader, bool *written)
{
	const struct fake_call *call;
	unsigned fetches = 0;

	*written = false;
	for (;;) {
		call = call_here(reader, AGENT_FETCH);
		if (call) {
			fetches++;
			*written |= call->moved;
		} else if (call_here(reader, FAKE_WRITTEN)) {
			*written = true;
		} else {
			return fetches;
		}
	}
}

/*
 * A message, or (TOP) its begin. Where it lies the session knows from an earlier answer, or asks.
 * Never are there other octets than the message's, whoever writes to the mailbox. If that happened
 * while it was sent, the session asks once more; it lies in another file then, the connection ends,
 * and nothing looks whole.
 */
static void follow_message(struct reader *reader, size_t number, bool whole)
{
	const struct fuzz_sink *message;
	struct fuzz_sink text = {0};
	bool complete = read_body(reader, &text);
	bool written;
	unsigned fetches = take_fetches(reader, &written);

	must(number > 0 && !(reader->marked & 1u << (number - 1)));
	message = fake_agent_message(number - 1);
	must(fetches <= 2);
	must(complete ? fetches <= 1 : fetches >= 1 && written);
	must(text.len <= message->len && memcmp(text.at, message->at, text.len) == 0);
	must(!complete || !whole || text.len == message->len);
	if (!complete)
		end(reader);
	fuzz_done(&text);
}

static size_t left_over(const struct reader *reader)
{
	return fake_agent_messages() - (size_t)__builtin_popcount(reader->marked);
}

/* LIST and UIDL of all: "number something", of those that are not marked. */
static void follow_listing(struct reader *reader)
{
	struct fuzz_sink text = {0};
	char *at;
	size_t count = 0;

	must(read_body(reader, &text));
	fuzz_add(&text, "", 1);
	for (at = text.at; *at; at = strchr(at, '\n') + 1, count++) {
		size_t number = (size_t)atol(at);

		must(number > 0 && number <= fake_agent_messages());
		must(!(reader->marked & 1u << (number - 1)));
		must(fuzz_is_printable(at, strcspn(at, "\r"), true) && strchr(at, ' '));
	}
	must(count == left_over(reader));
	fuzz_done(&text);
}

static void follow_capa(struct reader *reader)
{
	struct fuzz_sink text = {0};

	must(read_body(reader, &text));
	fuzz_add(&text, "", 1);
	must(!strstr(text.at, "STLS") || (reader->client->has_tls && !reader->tls));
	must(!(strstr(text.at, "USER") || strstr(text.at, "SASL")) || reader->tls ||
		reader->client->local || reader->logged_in);
	fuzz_done(&text);
}

/* Has somebody tried to log in? With success the maildrop is open. */
static bool follow_login(struct reader *reader)
{
	const struct fake_call *login = call_here(reader, AGENT_LOGIN);
	const struct fake_call *open;

	must(login || reader->status != '+');
	if (!login)
		return false;
	must((reader->tls || reader->client->local) && !reader->logged_in);
	must(!login->error || reader->status == '-');
	if (login->error)
		return true;
	open = call_here(reader, AGENT_OPEN);
	must(open && (reader->status == '+') == (open->error == 0));
	reader->logged_in = reader->status == '+';
	if (!reader->logged_in)
		end(reader);
	return true;
}

static void follow_stls(struct reader *reader)
{
	if (reader->status == '-')
		return;
	must(!reader->tls && !reader->logged_in && reader->client->has_loaded);
	must(reader->client->handshakes == 1 && reader->client->tls_in == reader->in);
	must(reader->client->tls_out == reader->out);
	reader->tls = true;
	reader->named = false;
	if (reader->client->fails_at_tls)
		end(reader);
}

/* RFC 1939 section 6: only now is anything removed, and it is what was marked. */
static void follow_quit(struct reader *reader)
{
	const struct fake_call *update = reader->logged_in ? call_here(reader, AGENT_UPDATE) : NULL;
	unsigned char marks = (unsigned char)reader->marked;

	must(!reader->logged_in || update);
	if (update && update->content.at)
		must(update->content.len == 1 && *(unsigned char *)update->content.at == marks);
	must(reader->status == '+' || (update && update->error && marks));
	must(!update || !update->error || !marks || reader->status == '-');
	end(reader);
}

static void follow_positive(struct reader *reader, const char *line, size_t len)
{
	size_t number = number_of(line, len, 4);

	if (is_verb(line, len, "RETR")) {
		follow_message(reader, number, true);
	} else if (is_verb(line, len, "TOP")) {
		const char *space = memchr(line + 4, ' ', len - 4);

		must(space != NULL);
		follow_message(reader, number_of(line, (size_t)(space - line), 3), false);
	} else if (is_verb(line, len, "DELE")) {
		must(number > 0 && !(reader->marked & 1u << (number - 1)));
		reader->marked |= 1u << (number - 1);
	} else if (is_verb(line, len, "RSET")) {
		reader->marked = 0;
	} else if (is_verb(line, len, "LIST") || is_verb(line, len, "UIDL")) {
		if (len <= 5)
			follow_listing(reader);
		else
			must(number > 0 && !(reader->marked & 1u << (number - 1)));
	} else if (is_verb(line, len, "CAPA")) {
		follow_capa(reader);
	}
}

static bool is_quit(const char *line, size_t len)
{
	bool quit = is_verb(line, len, "QUIT");

	while (len > 4 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	return quit && len == 4;
}

static void follow(struct reader *reader, const char *line, size_t len)
{
	bool was_challenged = reader->challenged;

	reader->challenged = reader->status == 'c';
	must(!reader->challenged || was_challenged || is_verb(line, len, "AUTH"));
	if (was_challenged || is_verb(line, len, "AUTH") || is_verb(line, len, "PASS")) {
		bool asked = follow_login(reader);

		must(!asked || reader->named || was_challenged || is_verb(line, len, "AUTH"));
		return;
	}
	reader->named |= is_verb(line, len, "USER") && reader->status == '+';
	if (is_verb(line, len, "STLS"))
		follow_stls(reader);
	else if (is_quit(line, len))
		follow_quit(reader);
	else if (reader->status == '+')
		follow_positive(reader, line, len);
}

static void read_line(struct reader *reader)
{
	const char *line = reader->client->in.at + reader->in;
	size_t max = reader->challenged ? SASL_LINE_MAX : STREAM_LINE_MAX;
	size_t len, next;
	int event = client_line(reader->client, reader->in, max, false, &len, &next);

	if (!has_reply(reader)) { /* the input's end, or the session's: after its last -ERR */
		must(event == STREAM_EOF || reader->status == '-');
		end(reader);
		return;
	}
	must(event != STREAM_EOF);
	read_status(reader);
	reader->in = next;
	if (event == STREAM_LINE) {
		follow(reader, line, len);
	} else {
		must(reader->status == '-');
		reader->challenged = false;
	}
	pass_calls(reader);
}

static void check(const struct client *client, const struct session_service *service)
{
	struct reader reader = {.client = client};

	reader.tls = service->flags & SESSION_TLS;
	if (reader.tls && (!client->has_loaded || client->fails_at_tls)) {
		must(client->out.len == 0 && client->given == 0);
		return;
	}
	read_status(&reader);
	must(reader.status == '+');
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
	service = &services[fuzz_octet(&fuzz) & 1];
	client_init(&client, &fuzz);
	fake_agent_begin(&fuzz);
	client_run(&client, &program, service, client_conf());
	check(&client, service);
	fake_agent_end();
	client_done(&client);
	return 0;
}

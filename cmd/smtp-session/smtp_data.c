/*
 * smtp_data - DATA: the message itself (RFC 5321 4.1.1.4), and the moment of responsibility (6.1).
 *
 * The octets go from the peer's buffer through the dot decoder straight into the agent's staged
 * file, behind our Received field; nothing is held. Whatever goes wrong on the way is remembered,
 * and the message read to its true end before the answer, so that no part of it is ever taken for a
 * command. Only a bare CR, bare LF or NUL ends the connection at once: after one, nobody can say
 * where the message ends.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "mail/dot.h"
#include "mail/header.h"
#include "mail/trace.h"
#include "smtp_session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRACE_MS 60000 /* before the least rate counts */
#define BUDGET_MS                                                                                  \
	120000 /* for all deliveries of a message: a client waits 600 s (RFC 5321 4.5.3.2.6) */

struct reception {
	struct smtp_session *session;
	int fd; /* the staged file; the message is decoded into it */
	struct dot dot;
	struct header header;
	int64_t begun;
	struct why why; /* the first failure; class WHY_NONE while there is none */
	char out[STREAM_INPUT_SIZE];
};

int smtp_data(void *context, const char *argument, size_t len)
{
	(void)context;
	(void)argument;
	(void)len;
	return SMTP_RECEIVE; /* what is wrong in this state the verb table has already found */
}

static void put(struct reception *reception, const void *data, size_t len)
{
	int err;

	if (reception->why.class != WHY_NONE || len == 0)
		return;
	err = fd_write(reception->fd, data, len);
	if (err == -EFBIG)
		err = -ENOSPC;
	if (err < 0)
		why_errno(&reception->why, -err, "staged message", "write");
}

static bool is_numeric(const char *address)
{
	return strcmp(address, "local") != 0 && strcmp(address, "unknown") != 0;
}

static void put_trace(struct reception *reception)
{
	struct smtp_session *session = reception->session;
	const struct smtp_transaction *transaction = &session->transaction;
	struct trace trace = {
		.helo = session->helo,
		.address =
			is_numeric(session->link.peer.address) ? session->link.peer.address : NULL,
		.origin = session->link.peer.pipe    ? "local pipe"
			  : session->link.peer.local ? "local socket"
						     : "unknown",
		.uid = session->link.peer.uid,
		.hostname = session->link.conf->hostname,
		.protocol = trace_protocol(smtp_is_lmtp(session) ? TRACE_LMTP
					   : session->extended   ? TRACE_ESMTP
								 : TRACE_SMTP,
			session->link.tls, *session->link.user),
		.cipher_suite = session->link.tls ? tls_cipher_suite(session->link.tls) : NULL,
		.id = transaction->id,
		.recipient = transaction->count == 1 ? transaction->recipients[0] : NULL,
		.when = time(NULL),
	};
	struct buf text;

	buf_init(&text, 4096);
	if (trace_received(&text, &trace) < 0)
		why_set(&reception->why, ENOMEM, WHY_TEMP, "4.3.0",
			"no memory for the trace field");
	put(reception, text.at, text.len);
	buf_done(&text);
}

/* RFC 5321 4.5.3.2.5 gives a block three minutes; a peer that drips must also keep to a least rate.
 */
static int64_t next_deadline(const struct reception *reception)
{
	const struct conf_limits *limits = &reception->session->link.conf->limits;
	int64_t grace = (int64_t)limits->command_seconds * 1000;
	int64_t idle = clock_ms() + grace;
	int64_t rate = INT64_MAX;

	if (limits->data_rate > 0)
		rate = reception->begun + (grace < GRACE_MS ? grace : GRACE_MS) +
		       (int64_t)(reception->dot.octets / limits->data_rate) * 1000;
	return idle < rate ? idle : rate;
}

static void check_limits(struct reception *reception)
{
	const struct conf *conf = reception->session->link.conf;

	if (reception->why.class != WHY_NONE)
		return;
	if (reception->dot.octets > conf->max_message_size) /* RFC 1870 section 6.3 */
		why_set(&reception->why, EFBIG, WHY_PERM, "5.3.4",
			"A message may have %" PRIu64 " octets at the most",
			conf->max_message_size);
	else if (reception->header.received > conf->limits.received) /* RFC 5321 6.3 */
		why_set(&reception->why, ELOOP, WHY_PERM, "5.4.6",
			"More than %" PRIu64 " Received fields: this message goes in circles",
			conf->limits.received);
}

/* Read until the final dot. DOT_MORE stands for a connection that ended before it. */
static enum dot_event read_message(struct reception *reception)
{
	struct stream *stream = &reception->session->link.stream;
	enum dot_event event = DOT_MORE;

	while (event == DOT_MORE) {
		const char *in;
		size_t len;
		size_t used;
		size_t put_len;
		enum stream_event got = stream_peek(stream, next_deadline(reception), &in, &len);

		if (got != STREAM_LINE) {
			reception->session->ending =
				got == STREAM_TIMEOUT ? "timeout in DATA" : "disconnected in DATA";
			return DOT_MORE;
		}
		event = dot_decode(&reception->dot, in, len, &used, reception->out, &put_len);
		header_feed(&reception->header, reception->out, put_len);
		check_limits(reception);
		put(reception, reception->out, put_len);
		stream_consume(stream, used);
	}
	return event;
}

static void log_verdict(
	const struct smtp_session *session, const char *recipient, const struct why *why)
{
	char sender[PATH_TEXT_SIZE];
	char size[24];

	path_format(&session->transaction.sender, sender);
	snprintf(size, sizeof(size), "%" PRIu64, session->transaction.size);
	log_event(why->class == WHY_NONE ? LOG_INFO : LOG_NOTICE,
		why->class == WHY_NONE ? "accepted" : "rejected", LOG_QUEUE_ID,
		session->transaction.id, LOG_SENDER, *sender ? sender : "<>", LOG_RECIPIENT,
		recipient, LOG_SIZE, size, LOG_STATUS,
		why->class == WHY_NONE ? "2.0.0" : why->status, LOG_REASON, why->text, LOG_END);
}

static int deliver(struct smtp_session *session, const char *recipient, struct why *why)
{
	char sender[PATH_TEXT_SIZE];

	memset(why, 0, sizeof(*why));
	if (clock_ms() > session->transaction.deadline) {
		why_set(why, ETIMEDOUT, WHY_TEMP, "4.3.2",
			"the other recipients took all of the time");
		return -1;
	}
	path_format(&session->transaction.sender, sender);
	if (agent_deliver(&session->link.agent, sender, recipient, session->transaction.id, why) <
		0) {
		if (why->class == WHY_NONE)
			why_set(why, EIO, WHY_TEMP, "4.3.0", "delivery failed");
		return -1;
	}
	memset(why, 0, sizeof(*why));
	return 0;
}

static void say_accepted(struct smtp_session *session)
{
	smtp_say(session, 250, "2.0.0", "Accepted as %s", session->transaction.id);
}

/* The first recipient of the same name, at the latest `n` itself. */
static size_t first_of_name(const struct smtp_transaction *transaction, size_t n)
{
	size_t first = 0;

	while (strcmp(transaction->recipients[first], transaction->recipients[n]) != 0)
		first++;
	return first;
}

/* RFC 2033 4.2: one reply for each RCPT that was accepted, in their order, each as soon as it is
 * known. One that was named twice has the message once and both replies. */
static void answer_each(struct smtp_session *session, const struct why *failure)
{
	const struct smtp_transaction *transaction = &session->transaction;
	struct why *verdicts = calloc(transaction->count, sizeof(*verdicts));

	for (size_t i = 0; i < transaction->count; i++) {
		size_t first = verdicts ? first_of_name(transaction, i) : i;
		struct why why = *failure;

		if (first < i)
			why = verdicts[first];
		else if (why.class == WHY_NONE)
			(void)deliver(session, transaction->recipients[i], &why);
		if (verdicts)
			verdicts[i] = why;
		log_verdict(session, transaction->recipients[i], &why);
		if (why.class == WHY_NONE)
			say_accepted(session);
		else
			smtp_say_why(session, &why);
		(void)smtp_send(session); /* a failure sticks, and ends the session */
	}
	free(verdicts);
}

/*
 * One reply for all recipients (RFC 5321 4.2.5). If some have the message and some don't, the
 * sender must try again: some will have it twice, but nobody goes without (6.1 prefers that). A
 * failure that is not the same for all can't be a permanent one for all.
 */
static void answer_all(struct smtp_session *session, const struct why *failure)
{
	const struct smtp_transaction *transaction = &session->transaction;
	struct why worst = *failure;
	size_t failed = 0;

	for (size_t i = 0; i < transaction->count; i++) {
		struct why why = *failure;

		if (why.class == WHY_NONE)
			(void)deliver(session, transaction->recipients[i], &why);
		log_verdict(session, transaction->recipients[i], &why);
		if (why.class == WHY_NONE)
			continue;
		failed++;
		if (worst.class == WHY_NONE || (worst.class == WHY_PERM && why.class != WHY_PERM))
			worst = why;
	}
	if (failed > 0 && failed < transaction->count && worst.class == WHY_PERM)
		why_set(&worst, EAGAIN, WHY_TEMP, "4.3.0",
			"Not all recipients could be served; try again");
	if (failed == 0)
		say_accepted(session);
	else
		smtp_say_why(session, &worst);
}

/* The message is read and answered for; the transaction ends whatever the answer (RFC
 * 5321 4.1.1.4). */
static void finish(struct reception *reception)
{
	struct smtp_session *session = reception->session;

	session->transaction.size = reception->dot.octets;
	session->transaction.deadline = clock_ms() + BUDGET_MS;
	session->told = true; /* by log_verdict() */
	if (smtp_is_lmtp(session))
		answer_each(session, &reception->why);
	else
		answer_all(session, &reception->why);
	if (!session->failed) {
		session->accepted++;
		session->junk = 0;
	}
	smtp_transaction_reset(session);
}

static enum smtp_event refuse_octets(struct smtp_session *session, enum dot_event event)
{
	static const char *const names[] = {
		[DOT_BARE_CR] = "bare CR", [DOT_BARE_LF] = "bare LF", [DOT_NUL] = "NUL"};

	session->ending = names[event];
	smtp_say(session, 554, "5.6.0", "A %s is not allowed in a message (RFC 5321 2.3.8)",
		names[event]);
	return SMTP_CLOSE;
}

enum smtp_event smtp_data_receive(struct smtp_session *session)
{
	static struct reception
		reception; /* 64 KB: not on the stack; one session, one message at a time */
	enum dot_event event;

	memset(&reception, 0, offsetof(struct reception, out));
	reception.session = session;
	reception.fd = -1;
	reception.begun = clock_ms();
	dot_init(&reception.dot, session->link.stream.strict);
	header_init(&reception.header);
	if (agent_stage(&session->link.agent, &reception.fd, &reception.why) == 0)
		put_trace(&reception);
	event = read_message(&reception);
	fd_close(&reception.fd);
	if (event == DOT_MORE) {
		if (strcmp(session->ending, "timeout in DATA") == 0)
			smtp_say(session, 421, "4.4.2", "That took too long");
		return SMTP_CLOSE;
	}
	if (event != DOT_END)
		return refuse_octets(session, event);
	finish(&reception);
	return SMTP_GO_ON;
}

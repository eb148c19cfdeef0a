/*
 * smtp_session - one SMTP or LMTP connection (RFC 5321, RFC 2033).
 *
 * Data goes one way: stream -> line -> verb -> transaction -> agent. Handlers change the
 * transaction and add their reply to `answer`; the loop in smtp_session.c alone reads from and
 * writes to the peer.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "agent/agent_client.h"
#include "base/buf.h"
#include "base/id.h"
#include "conf/conf.h"
#include "io/peer.h"
#include "io/stream.h"
#include "mail/path.h"
#include "mail/verb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* States for the verb table, one bit each (RFC 5321 4.1.4). */
enum smtp_state {
	SMTP_START = 1 << 0,  /* no EHLO yet */
	SMTP_READY = 1 << 1,  /* between transactions */
	SMTP_SENDER = 1 << 2, /* MAIL was accepted */
	SMTP_RECIPIENTS = 1 << 3,
};

/* What a handler asks of the loop. */
enum smtp_event {
	SMTP_GO_ON,
	SMTP_RECEIVE, /* send the answer, then read the message */
	SMTP_CLOSE,   /* send the answer, then close */
};

/* Everything between MAIL and the end of DATA; smtp_transaction_reset() forgets it. */
struct smtp_transaction {
	struct path sender;
	char id[ID_SIZE];
	char **recipients; /* count of them, as the agent takes them: local-part@domain */
	uint64_t asked;    /* RCPT commands that were accepted, repeated ones as well */
	size_t count;
	size_t room;
	int64_t deadline; /* clock_ms() time: after it no delivery is begun */
	uint64_t size;    /* octets received, as RFC 1870 counts */
};

struct smtp_session {
	const struct conf *conf;
	bool lmtp;
	const struct verb *verbs; /* smtp_verbs or lmtp_verbs */
	struct peer peer;
	struct stream stream;
	struct agent agent;
	bool has_agent;
	char id[ID_SIZE];
	unsigned state;
	bool extended; /* EHLO or LHLO, not HELO */
	char helo[256];
	struct smtp_transaction transaction;
	struct buf answer;
	bool failed;                  /* the command's reply was an error */
	bool told;                    /* ... and the log knows it already */
	struct why failure;           /* what it was, for the log: more than the peer is told */
	char subject[PATH_TEXT_SIZE]; /* the recipient that the command was about, if any */
	uint64_t errors;
	uint64_t junk;
	uint64_t transactions;
	uint64_t accepted; /* messages */
	bool quit;
	bool broken;        /* an answer was too much for memory: no going on */
	const char *ending; /* why the session ended, for the log */
};

extern const struct verb smtp_verbs[];
extern const struct verb lmtp_verbs[];
extern const char *const smtp_state_names[];

/* Run a session on in and out, from greeting to goodbye. Returns an exit status. */
int smtp_session_run(const struct conf *conf, const char *config_path, bool lmtp, int in, int out);

/* Add a one-line reply: code, enhanced status ("" only for 220, 354 and EHLO: RFC 2034 section 4)
 * and text. */
__attribute__((format(printf, 4, 5))) void smtp_say(
	struct smtp_session *session, int code, const char *status, const char *fmt, ...);

/* Add the reply that a failure means: 4yz or 5yz from its class and status. */
void smtp_say_why(struct smtp_session *session, const struct why *why);

/* For MAIL and RCPT: what path_parse() refused; detail is the last digit of 5.1.x. */
void smtp_say_path_error(struct smtp_session *session, int err, const char *detail);

/* How much of argument "FROM:" or "TO:" and the spaces behind it take; 0 if it is not there. */
size_t smtp_skip_keyword(const char *argument, size_t len, const char *keyword);

void smtp_transaction_reset(struct smtp_session *session);

/* Send what has been answered so far. 0 or -errno. For LMTP, whose recipients are answered one by
 * one. */
int smtp_send(struct smtp_session *session);

/* After DATA was accepted with 354: read the message, deliver it, answer (smtp_data.c). */
enum smtp_event smtp_data_receive(struct smtp_session *session);

/* The verbs, each in the file that is named after what it does. */
int smtp_helo(void *session, const char *argument, size_t len);
int smtp_ehlo(void *session, const char *argument, size_t len);
int smtp_mail(void *session, const char *argument, size_t len);
int smtp_rcpt(void *session, const char *argument, size_t len);
int smtp_data(void *session, const char *argument, size_t len);
int smtp_rset(void *session, const char *argument, size_t len);
int smtp_noop(void *session, const char *argument, size_t len);
int smtp_quit(void *session, const char *argument, size_t len);
int smtp_vrfy(void *session, const char *argument, size_t len);
int smtp_expn(void *session, const char *argument, size_t len);
int smtp_help(void *session, const char *argument, size_t len);

#endif

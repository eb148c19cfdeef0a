/*
 * smtp_session - one SMTP or LMTP connection (RFC 5321, RFC 2033).
 *
 * Data goes one way: stream -> line -> verb -> transaction -> agent. Handlers change the
 * transaction and add their reply to `answer`; the loop in smtp_session.c alone reads from and
 * writes to the peer.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "base/buf.h"
#include "mail/path.h"
#include "mail/sasl.h"
#include "mail/verb.h"
#include "session/session_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The program's own flags (session_main.h). */
#define SMTP_LMTP       (SESSION_OWN_FLAG << 0)
#define SMTP_SUBMISSION (SESSION_OWN_FLAG << 1)

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
	SMTP_RECEIVE,   /* send the answer, then read the message */
	SMTP_BEGIN_TLS, /* send the answer, then shake hands */
	SMTP_CLOSE,     /* send the answer, then close */
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
	struct session_link link;
	const struct verb *verbs; /* the service's */
	unsigned state;
	verb_handler *next; /* gets the next line, which is no command; NULL: it is one */
	struct sasl sasl;   /* of the AUTH that is going on */
	bool extended;      /* EHLO or LHLO, not HELO */
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
extern const struct verb submission_verbs[];
extern const struct verb lmtp_verbs[];
extern const char *const smtp_state_names[];

/* Run a session on in and out, from greeting to goodbye. Returns an exit status. */
int smtp_session_run(const struct session_start *start, int in, int out);

bool smtp_is_lmtp(const struct smtp_session *session);

/* Add a one-line reply: code, enhanced status ("" only for 220, 354 and EHLO: RFC 2034 section 4)
 * and text. */
__attribute__((format(printf, 4, 5))) void smtp_say(
	struct smtp_session *session, int code, const char *status, const char *fmt, ...);

/* Add the reply that a failure means: 4yz or 5yz from its class and status. */
void smtp_say_why(struct smtp_session *session, const struct why *why);

/* Add the reply to a line that can't be one, or to a command that the table refuses; returns the
 * event. */
int smtp_say_bad_line(struct smtp_session *session, enum stream_event event);
int smtp_say_verdict(struct smtp_session *session, enum verb_verdict verdict,
	const struct verb_call *call, const char *line, size_t len);

/* For MAIL and RCPT: what path_parse() refused; detail is the last digit of 5.1.x. */
void smtp_say_path_error(struct smtp_session *session, int err, const char *detail);

/* How much of argument "FROM:" or "TO:" and the spaces behind it take; 0 if it is not there. */
size_t smtp_skip_keyword(const char *argument, size_t len, const char *keyword);

void smtp_transaction_reset(struct smtp_session *session);

/* Send what has been answered so far. 0 or -errno. For LMTP, whose recipients are answered one by
 * one. */
int smtp_send(struct smtp_session *session);

/* The 220 to STARTTLS is sent: shake hands, and forget what was said in clear (smtp_starttls.c). */
enum smtp_event smtp_starttls_begin(struct smtp_session *session);

/* The AUTH that is going on, if any, ends without a result. */
void smtp_auth_abort(struct smtp_session *session);

/* After DATA was accepted with 354: read the message, deliver it, answer (smtp_data.c). */
enum smtp_event smtp_data_receive(struct smtp_session *session);

/* The verbs, each in the file that is named after what it does. */
verb_handler smtp_ehlo, smtp_helo, smtp_starttls, smtp_auth, smtp_mail, smtp_rcpt, smtp_data;
verb_handler smtp_rset, smtp_noop, smtp_quit, smtp_vrfy, smtp_expn, smtp_help;

#endif

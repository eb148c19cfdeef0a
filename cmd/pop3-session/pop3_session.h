/*
 * pop3_session - one POP3 conversation (RFC 1939, RFC 2449, RFC 3206): what it remembers, and the
 * agreement between its handlers and the one loop that speaks to the peer.
 *
 * A handler gets the session and its argument, changes the session, leaves a reply in
 * session->reply (pop3_reply.h) and returns an event that tells the loop what to do with it.
 */
#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include "agent/agent_client.h"
#include "conf/conf.h"
#include "io/peer.h"
#include "io/stream.h"
#include "mail/verb.h"
#include "pop3_maildrop.h"
#include "pop3_message.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 1939 section 3's states, as bits for the verb table. UPDATE is none: it takes no commands. */
enum pop3_state {
	POP3_AUTHORIZATION = 1 << 0,
	POP3_NAMED = 1 << 1, /* still AUTHORIZATION, but USER was given: PASS may follow */
	POP3_TRANSACTION = 1 << 2,
};

enum pop3_event {
	POP3_OK,    /* "+OK text" */
	POP3_BODY,  /* "+OK text", what reply.body gives, and "." (RFC 1939 section 3) */
	POP3_ERROR, /* "-ERR text", counted against [limits] errors */
	POP3_QUIT,  /* "+OK text", and the end that the peer wished for */
	POP3_CLOSE, /* "-ERR text", and the end */
};

/* RFC 1939 section 3: responses have up to 512 octets, status indicator and CRLF included. */
#define POP3_REPLY_SIZE (512 - 7)

struct pop3_session;

/* Give the next octets of a multi-line response, at least 1024 fit: how many, 0 at its end, or
 * -errno when it can't be finished: then the connection must end without the final ".". */
typedef ssize_t pop3_body(struct pop3_session *session, char *out, size_t max);

struct pop3_reply {
	char text[POP3_REPLY_SIZE];
	pop3_body *body;
	size_t cursor; /* the body's own: where it goes on */
};

struct pop3_session {
	const struct conf *conf;
	struct peer peer;
	struct agent agent;
	struct stream stream;
	enum pop3_state state;
	char user[AGENT_ADDRESS_SIZE]; /* as USER gave it; empty before */
	struct pop3_maildrop drop;
	struct pop3_message message; /* the one that RETR or TOP is sending */
	size_t message_number;
	struct pop3_reply reply;
	int64_t login_deadline; /* clock_ms() */
	int64_t began;          /* clock_us() */
	uint64_t errors;
	uint64_t failed_logins;
	uint64_t retrieved;   /* messages that RETR sent whole */
	uint64_t removed;     /* messages that QUIT removed */
	uint64_t octets_sent; /* of bodies */
};

/* The verb table (pop3_verbs.c), ended by a row without a name, and the names of its states. */
extern const struct verb pop3_verbs[];
extern const char *const pop3_state_names[];

/* Passwords in clear are taken from this peer ([auth] plaintext). */
bool pop3_takes_passwords(const struct pop3_session *session);

/* One session on in and out. config_path is --config's, or NULL. Returns an exit status (sysexits).
 */
int pop3_session_run(const struct conf *conf, const char *config_path, int in, int out);

/* The same where the configuration can't be used: tells the peer so. */
int pop3_session_refuse(int out);

/* What the peer is told instead of a greeting where no session can be held. */
#define POP3_UNAVAILABLE "-ERR [SYS/TEMP] mail service not available now\r\n"

verb_handler pop3_user, pop3_pass;                       /* pop3_authorization.c */
verb_handler pop3_stat, pop3_dele, pop3_noop, pop3_rset; /* pop3_transaction.c */
verb_handler pop3_list, pop3_uidl;                       /* pop3_list.c */
verb_handler pop3_retr, pop3_top;                        /* pop3_retr.c */
verb_handler pop3_quit;                                  /* pop3_update.c */
verb_handler pop3_capa;                                  /* pop3_capa.c */

#endif

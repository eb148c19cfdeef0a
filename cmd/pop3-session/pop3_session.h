/*
 * pop3_session - one POP3 conversation (RFC 1939, RFC 2449, RFC 2595, RFC 3206, RFC 5034): what it
 * remembers, and the agreement between its handlers and the one loop that speaks to the peer.
 *
 * A handler gets the session and its argument, changes the session, leaves a reply in
 * session->reply (pop3_reply.h) and returns an event that tells the loop what to do with it.
 */
#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include "mail/sasl.h"
#include "mail/verb.h"
#include "pop3_maildrop.h"
#include "pop3_message.h"
#include "pop3_places.h"
#include "session/session_link.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 1939 section 3's states, as bits for the verb table. UPDATE is none: it takes no commands. */
enum pop3_state {
	POP3_AUTHORIZATION = 1 << 0,
	POP3_NAMED = 1 << 1, /* still AUTHORIZATION, but USER was given: PASS may follow */
	POP3_TRANSACTION = 1 << 2,
};

enum pop3_event {
	POP3_OK,        /* "+OK text" */
	POP3_BODY,      /* "+OK text", what reply.body gives, and "." (RFC 1939 section 3) */
	POP3_CHALLENGE, /* "+ text" (RFC 5034 section 4), and session->next gets a line */
	POP3_BEGIN_TLS, /* "+OK text", and then the handshake */
	POP3_ERROR,     /* "-ERR text", counted against [limits] errors */
	POP3_QUIT,      /* "+OK text", and the end that the peer wished for */
	POP3_CLOSE,     /* "-ERR text", and the end */
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
	struct session_link link;
	enum pop3_state state;
	char user[AGENT_ADDRESS_SIZE]; /* as USER gave it; empty before */
	verb_handler *next; /* gets the next line, which is no command; NULL: it is one */
	struct sasl sasl;   /* of the AUTH that is going on */
	struct pop3_maildrop drop;
	struct pop3_places places;
	struct pop3_message message; /* the one that RETR or TOP is sending */
	size_t message_number;
	struct pop3_reply reply;
	int64_t login_deadline; /* clock_ms() */
	int64_t began;          /* clock_us() */
	bool linger;            /* the last reply must not be lost to a reset */
	uint64_t errors;
	uint64_t retrieved;   /* messages that RETR sent whole */
	uint64_t removed;     /* messages that QUIT removed */
	uint64_t octets_sent; /* of bodies */
};

/* The verb table (pop3_verbs.c), ended by a row without a name, and the names of its states. */
extern const struct verb pop3_verbs[];
extern const char *const pop3_state_names[];

/* One session on in and out. Returns an exit status (sysexits). */
int pop3_session_run(const struct session_start *start, int in, int out);

/* Somebody has logged in: lock and list the maildrop, and enter TRANSACTION. began: clock_us() of
 * the attempt. An event. */
int pop3_enter_transaction(struct pop3_session *session, int64_t began);

/* Get the maildrop's entries, if they are not here yet: most clients want to see none. 0; or
 * -errno, with the reply, and *event what to return. */
int pop3_need_entries(struct pop3_session *session, int *event);

/* The reply to an attempt that failed. An event. */
int pop3_fail_login(struct pop3_session *session, const struct why *why);

/* The AUTH that is going on, if any, ends without a result. */
void pop3_auth_abort(struct pop3_session *session);

/* The +OK to STLS is sent: shake hands, and forget what was said in clear. False: this was the end.
 */
bool pop3_stls_begin(struct pop3_session *session);

verb_handler pop3_user, pop3_pass;                       /* pop3_authorization.c */
verb_handler pop3_auth;                                  /* pop3_auth.c */
verb_handler pop3_stls;                                  /* pop3_stls.c */
verb_handler pop3_stat, pop3_dele, pop3_noop, pop3_rset; /* pop3_transaction.c */
verb_handler pop3_list, pop3_uidl;                       /* pop3_list.c */
verb_handler pop3_retr, pop3_top;                        /* pop3_retr.c */
verb_handler pop3_quit;                                  /* pop3_update.c */
verb_handler pop3_capa;                                  /* pop3_capa.c */

#endif

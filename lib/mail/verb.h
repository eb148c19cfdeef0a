/*
 * verb - the table from which a session's dispatch, its 5yz and -ERR replies, EHLO or CAPA, HELP,
 * --dump-verbs and the test matrix come. One row per verb.
 *
 * The parser takes bytes, not sockets: a line without its line end. Verbs are case-insensitive
 * (RFC 5321 2.4, RFC 1939 section 3); one space ends the verb; the rest is the argument, as it is.
 */
#ifndef MAIL_VERB_H
#define MAIL_VERB_H

#include <stdbool.h>
#include <stddef.h>

enum verb_flag {
	VERB_NO_ARGUMENT = 1 << 0, /* an argument is a syntax error */
	VERB_NEEDS_ARGUMENT = 1 << 1,
	VERB_ENDS_GROUP = 1 << 2, /* last of a pipelined group (RFC 2920 3.1): flush the replies */
	VERB_JUNK = 1 << 3,       /* brings no message nearer: counted against limits */
	/* What the connection must have: */
	VERB_NEEDS_PRIVACY = 1 << 4, /* TLS, or a peer that [auth] plaintext trusts */
	VERB_NEEDS_LOGIN = 1 << 5,   /* somebody has logged in */
	VERB_NEEDS_NOBODY = 1 << 6,  /* nobody has */
	VERB_NEEDS_TLS = 1 << 7,     /* TLS is set up on this server */
	VERB_NEEDS_CLEAR = 1 << 8,   /* TLS is not on */
};

#define VERB_NEEDS                                                                                 \
	(VERB_NEEDS_PRIVACY | VERB_NEEDS_LOGIN | VERB_NEEDS_NOBODY | VERB_NEEDS_TLS |              \
		VERB_NEEDS_CLEAR)

/* A handler gets the session and the argument ("" where there is none) and returns the program's
 * event. */
typedef int verb_handler(void *session, const char *argument, size_t len);

struct verb {
	const char *name; /* upper case */
	verb_handler *handler;
	unsigned states;       /* in which states it is legal: a bit for each of the program's */
	unsigned flags;        /* enum verb_flag */
	const char *advertise; /* the line it adds to EHLO or CAPA; NULL: none */
	const char *usage;     /* "RCPT TO:<forward-path>", for HELP and syntax errors */
};

enum verb_verdict {
	VERB_OK,
	VERB_UNKNOWN,       /* SMTP 500, POP3 -ERR */
	VERB_BAD_STATE,     /* SMTP 503 */
	VERB_NOT_HERE,      /* this server has no TLS: SMTP 502 */
	VERB_NOT_PRIVATE,   /* SMTP 538 (RFC 4954 section 6), POP3 -ERR [AUTH] */
	VERB_NOT_LOGGED_IN, /* SMTP 530 */
	VERB_BAD_SYNTAX,    /* SMTP 501 */
};

struct verb_call {
	const struct verb *verb; /* NULL if unknown */
	const char *argument;    /* points into the line */
	size_t argument_len;
};

/*
 * Find the verb of line[0..len) in the table (ended by a row without a name) and check it against
 * the state (one bit) and against what the connection has: `has` is a set of VERB_NEEDS_... Fills
 * *call whatever the verdict is, but for UNKNOWN. What a peer learns first is that the verb is out
 * of place, then what it lacks, then that its argument is wrong.
 */
enum verb_verdict verb_find(const struct verb *table, const char *line, size_t len, unsigned state,
	unsigned has, struct verb_call *call);

/*
 * Does EHLO or CAPA say that the verb is there? Not where the connection lacks what it needs; a
 * log-in alone may still come.
 */
bool verb_is_offered(const struct verb *verb, unsigned has);

/*
 * Write the table as text to fd, a row a line: name, TAB, the states it is legal in, TAB, usage,
 * TAB, what the connection must have. state_names[i] names bit i and ends with NULL. Names are
 * comma-separated. This is --dump-verbs.
 */
int verb_dump(const struct verb *table, const char *const *state_names, int fd);

#endif

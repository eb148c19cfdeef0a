/*
 * session_main - what smtp-session and pop3-session have in common as programs: their flags, their
 * start, and what becomes of a connection for which there is no session. lib/session is these two
 * programs' shared half: unlike the other areas it logs, as they do.
 */
#ifndef SESSION_SESSION_MAIN_H
#define SESSION_SESSION_MAIN_H

#include "conf/conf.h"
#include "mail/verb.h"
#include "session/session_tls.h"

/* A flag without a value, "--lmtp". Bits from SESSION_OWN_FLAG on are the program's. */
struct session_flag {
	const char *name; /* without the "--" */
	unsigned bit;
};

#define SESSION_TLS      (1U << 0) /* --tls, which both have */
#define SESSION_OWN_FLAG (1U << 8)

/* One service that a program can be: which one, its flags say. */
struct session_service {
	const char *name; /* "submissions": for the keys of TLS session tickets */
	unsigned flags;   /* exactly these */
	const struct verb *verbs;
};

struct session_start;

struct session_program {
	const char *name;     /* "smtp-session" */
	const char *protocol; /* "smtp": for the agent, when somebody logs in */
	const char *usage;
	const struct session_flag *flags;       /* its own, ended by a row without a name */
	const struct session_service *services; /* likewise; other sets of flags are a mistake */
	const char *const *state_names;         /* of the verb tables' states */

	/* What a peer is told, in clear, where there can be no session; with line end. */
	const char *not_set_up;  /* a mistake in the configuration */
	const char *unavailable; /* something is missing, such as the agent */
	const char *too_many;    /* connections */

	/* One session on in and out. Returns an exit status. */
	int (*run)(const struct session_start *start, int in, int out);
};

/* What a session begins with. */
struct session_start {
	const struct session_program *program;
	const struct session_service *service;
	const struct conf *conf;
	const char *config_path; /* --config's, or NULL */
	struct session_tls *tls;
};

/* main() of both programs. Returns the exit status. */
int session_main(const struct session_program *program, int argc, char **argv);

#endif

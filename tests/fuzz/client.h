/*
 * client - the other end of a whole session, in memory: what it sends comes from the input, what it
 * gets is kept. It takes the place of the sockets, of TLS (which protects nothing here, but says
 * when it began), of the jail and of the log. One session at a time.
 */
#ifndef TESTS_FUZZ_CLIENT_H
#define TESTS_FUZZ_CLIENT_H

#include "fuzz.h"
#include "session/session_main.h"

/* How its octets reach the session. By line: none comes before the last one was answered, unless
 * the session asks for more; so a handshake can follow a STARTTLS. */
enum client_manner { CLIENT_AT_ONCE, CLIENT_BY_LINE, CLIENT_IN_PIECES };

struct client {
	struct fuzz *dice;
	enum client_manner manner;
	bool network;
	bool local;
	bool pipe;
	bool has_tls;        /* the server does */
	bool has_loaded;     /* ... and has loaded it; else that is still to come */
	bool cannot_load;    /* ... and comes to nothing: the certificate is no good */
	bool fails_at_tls;   /* the handshake comes to nothing */
	struct fuzz_sink in; /* what it sends */
	size_t given;        /* so much of it the session has read */
	struct fuzz_sink out;
	unsigned handshakes;
	size_t tls_in; /* where in `in` and `out` TLS began */
	size_t tls_out;
	bool is_over; /* after a handshake that failed nothing more may be read or written */
};

/* From the front of the input: flags and chance; the rest is what the client sends. */
void client_init(struct client *client, struct fuzz *fuzz);
void client_done(struct client *client);

/* Let it talk to a session of this program (its protocol, run and texts) and service. */
void client_run(struct client *client, const struct session_program *program,
	const struct session_service *service, const struct conf *conf);

/* How much of what it sends the running session has taken so far: the line that it is at, too. */
size_t client_position(void);

/* The configuration that the sessions have: [limits] and sizes are small. In static storage. */
const struct conf *client_conf(void);

/* The line that the session sees at in[at..], of at most max octets: STREAM_LINE and so on, as
 * enum stream_event has it, by an obvious reader. *len: without line end; *next: where it goes on.
 */
int client_line(
	const struct client *client, size_t at, size_t max, bool strict, size_t *len, size_t *next);

#endif

/*
 * tls_peer - for the unit tests of TLS: a client by GnuTLS, in a thread of its own, on the other
 * end of a socket pair or of two pipes; and a server made of the build's certificates
 * (tests/certs.bash).
 */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

#include "io/stream.h"
#include "io/tls.h"

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>

struct tls_peer {
	int in; /* its fds: the peer's to close */
	int out;

	/* What the client is to do; all may be NULL. */
	const char *priorities;
	const char *name;                    /* the server that it asks for (SNI) */
	const gnutls_datum_t *ticket;        /* resume this session */
	void (*talk)(struct tls_peer *peer); /* once the handshake is done */

	/* What came of it. */
	gnutls_session_t session; /* for talk */
	int code;                 /* of the handshake; one of GnuTLS's */
	int alert;                /* the server's, -1: none */
	bool is_resumed;
	char subject[64];    /* the server's certificate is for CN= this; "": it was not told */
	unsigned chain;      /* certificates that the server sent */
	gnutls_datum_t data; /* free for talk's use */
	int result;

	pthread_t thread;
};

/* A file in the build's certs. The text stays. */
const char *tls_certs(const char *name);

/* A loaded server from pairs of names ("ecdsa"), up to a NULL. */
struct tls_server *tls_server_of(const char *priorities, ...);

/* The client runs; *stream is the server's end, plain. Over a socket pair, or else two pipes. */
void tls_peer_start(struct tls_peer *peer, struct stream *stream, bool socket);

/* Wait for its end. */
void tls_peer_join(struct tls_peer *peer);

/* The server's end of it all: its fds are closed. */
void tls_peer_hang_up(struct stream *stream);

/* For talk: send text; read up to and with LF; read until the end, which must be a proper one. */
void tls_peer_send(struct tls_peer *peer, const char *text);
void tls_peer_read_line(struct tls_peer *peer, char *line, size_t size);
bool tls_peer_is_closed(struct tls_peer *peer);

#endif

/* wire - how GnuTLS reads and writes a connection's fds: never blocking, never with SIGPIPE. */
#ifndef TLS_WIRE_H
#define TLS_WIRE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

struct wire {
	int in; /* the fds stay the caller's */
	int out;
	bool in_is_socket;
	bool out_is_socket;
	bool ended;       /* the peer has closed its side */
	size_t allowance; /* octets that may be read until wire_allow() */
};

/* What a peer may send without any sense in it. The largest that has some is a client's hello with
 * its extensions: a few KB, 64 KB if one tries. */
#define WIRE_ALLOWANCE ((size_t)128 * 1024)

/* The wire must live as long as the session. */
void wire_attach(struct wire *wire, gnutls_session_t session, int in, int out);

/* Some sense was seen: let the peer send as much again. Without that reading fails: GnuTLS would
 * gather a handshake message of up to 16 MB, before and after the handshake. */
void wire_allow(struct wire *wire);

#endif

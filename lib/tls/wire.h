/* wire - how GnuTLS reads and writes a connection's fds: never blocking, never with SIGPIPE. */
#ifndef TLS_WIRE_H
#define TLS_WIRE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

struct wire {
	int in; /* the fds stay the caller's */
	int out;
	bool in_is_socket;
	bool out_is_socket;
};

/* The wire must live as long as the session. */
void wire_attach(struct wire *wire, gnutls_session_t session, int in, int out);

#endif

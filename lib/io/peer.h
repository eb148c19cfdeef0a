/*
 * peer - who is at the other end. Learnt from the socket, if it is one of a network; from the
 * environment ($REMOTE_ADDR, $TCPREMOTEIP and their like) where there is a pipe or a Unix socket,
 * which a wrapper may have made; where that says nothing, it is whoever holds the other end.
 */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#define PEER_ADDRESS_SIZE 64

struct peer {
	char address[PEER_ADDRESS_SIZE]; /* "192.0.2.1", "2001:db8::1" (never ::ffff:), "local" or
					    "unknown" */
	char server[PEER_ADDRESS_SIZE];  /* our end of the connection in the same form; "" if there
					    is none */
	bool network;                    /* octets come from a network: strict line ends */
	bool local; /* loopback, or Unix socket or pipe without a wrapper: [auth] plaintext = local
		       applies */
	bool pipe;  /* neither a socket nor a wrapper: the peer holds our pipe */
	uid_t uid;  /* for pipes and Unix sockets without a wrapper: whose; else -1 */
};

/* in and out are where the session reads and writes; one socket among them is enough to be no pipe.
 */
void peer_learn(struct peer *peer, int in, int out);

/* The part of an address that counts as one source: the address, or for IPv6 its /64
 * ("2001:db8:0:1::"). */
void peer_source(const char *address, char out[static PEER_ADDRESS_SIZE]);

#endif

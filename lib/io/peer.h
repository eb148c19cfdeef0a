/*
 * peer - who is at the other end. Learnt from the socket; from the environment ($REMOTE_ADDR,
 * $TCPREMOTEIP and their like) only where there is no socket (a TLS wrapper in between); else it is
 * whoever holds the pipe.
 */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#define PEER_ADDRESS_SIZE 64

struct peer {
	char address[PEER_ADDRESS_SIZE]; /* "192.0.2.1", "2001:db8::1" (never ::ffff:), or "local"
					  */
	char server[PEER_ADDRESS_SIZE];  /* our end of the connection in the same form; "" if there
					    is none */
	bool network;                    /* octets come from a network: strict line ends */
	bool local; /* loopback, Unix socket or pipe: [auth] plaintext = local applies */
	bool pipe;  /* neither a socket nor a wrapper: the peer holds our pipe */
	uid_t uid;  /* for pipes and Unix sockets: whose */
};

/* in and out are where the session reads and writes; one socket among them is enough to be no pipe.
 */
void peer_learn(struct peer *peer, int in, int out);

/* The part of an address that counts as one source: the address, or for IPv6 its /64
 * ("2001:db8:0:1::"). */
void peer_source(const char *address, char out[static PEER_ADDRESS_SIZE]);

#endif

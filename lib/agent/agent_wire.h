/*
 * agent_wire - whole structs and one optional fd over a SOCK_SEQPACKET socket, for both sides.
 */
#ifndef AGENT_AGENT_WIRE_H
#define AGENT_AGENT_WIRE_H

#include <stddef.h>

/* Send len octets as one packet, with fd beside it unless fd is -1. 0 or -errno; never raises
 * SIGPIPE. */
int agent_wire_send(int socket, const void *data, size_t len, int fd);

/*
 * Receive one packet of exactly len octets; *fd becomes the fd that came along (close-on-exec), or
 * -1. 0, -EPIPE at the end of the connection, -EPROTO for a packet of another size or with more
 * than one fd (all of which are closed), or -errno.
 */
int agent_wire_receive(int socket, void *data, size_t len, int *fd);

#endif

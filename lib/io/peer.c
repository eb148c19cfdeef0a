/* peer - see peer.h. The environment is believed only as far as a numeric address goes. */
#include "io/peer.h"

#include "base/fd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage space;
};

static bool is_loopback6(const struct in6_addr *addr)
{
	return IN6_IS_ADDR_LOOPBACK(addr) ||
	       (IN6_IS_ADDR_V4MAPPED(addr) && addr->s6_addr[12] == 127);
}

/* The address as text, an IPv4-mapped one as the IPv4 address that it is; "" for other families. */
static void put_address(const union address *address, char out[static PEER_ADDRESS_SIZE])
{
	const struct in6_addr *in6 = &address->in6.sin6_addr;

	*out = '\0';
	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->in.sin_addr, out, PEER_ADDRESS_SIZE);
	else if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(in6))
		inet_ntop(AF_INET, &in6->s6_addr[12], out, PEER_ADDRESS_SIZE);
	else if (address->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, in6, out, PEER_ADDRESS_SIZE);
}

static bool is_loopback(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->in.sin_addr.s_addr) >> 24 == 127;
	return address->any.sa_family == AF_INET6 && is_loopback6(&address->in6.sin6_addr);
}

/* Where wrappers that put a pipe or a pair of Unix sockets in front of a program leave the peer's
 * address: CGI and systemd, ucspi-tcp, ucspi-ssl, stunnel, ncat, socat. */
static const char *const address_names[] = {"REMOTE_ADDR", "TCPREMOTEIP", "SSLREMOTEIP",
	"REMOTE_HOST", "NCAT_REMOTE_ADDR", "SOCAT_PEERADDR"};

static bool parse_address(union address *address, const char *text)
{
	if (inet_pton(AF_INET, text, &address->in.sin_addr) == 1)
		address->in.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &address->in6.sin6_addr) == 1)
		address->in6.sin6_family = AF_INET6;
	return address->any.sa_family != AF_UNSPEC;
}

/* systemd.socket(5), Accept=: there is no wrapper where $REMOTE_ADDR is what systemd calls the peer
 * of a Unix socket, a path or "@" and an abstract name. */
static bool is_unix_name(const char *name, const char *text)
{
	return strcmp(name, "REMOTE_ADDR") == 0 && (*text == '/' || *text == '@');
}

/* Is there a wrapper? Then octets come from somewhere else, even if its address is nonsense: a peer
 * that is not known is a distant one. */
static bool learn_from_environment(struct peer *peer, bool is_unix)
{
	union address address = {.any = {.sa_family = AF_UNSPEC}};
	const char *protocol = getenv("PROTO"); /* UCSPI */
	bool found = protocol && (strcmp(protocol, "TCP") == 0 || strcmp(protocol, "SSL") == 0);

	for (size_t i = 0; i < sizeof(address_names) / sizeof(*address_names); i++) {
		const char *text = getenv(address_names[i]);

		if (!text || (is_unix && is_unix_name(address_names[i], text)))
			continue;
		found = true;
		if (parse_address(&address, text))
			break;
	}
	if (!found)
		return false;
	put_address(&address, peer->address);
	peer->network = true;
	peer->local = is_loopback(&address);
	return true;
}

/* Our end of a pair that a wrapper has made (socat and stunnel do) looks like any other Unix
 * socket. */
static void learn_from_unix_socket(struct peer *peer, int fd)
{
	struct ucred cred = {.uid = (uid_t)-1};
	socklen_t len = sizeof(cred);

	if (learn_from_environment(peer, true))
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		peer->uid = cred.uid;
	peer->local = true;
}

static void learn_from_socket(struct peer *peer, int fd)
{
	union address address = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(address);

	peer->network = true;
	if (getpeername(fd, &address.any, &len) < 0)
		return; /* not connected any more: an unknown peer is a distant one */
	if (address.any.sa_family == AF_UNIX) {
		learn_from_unix_socket(peer, fd);
		return;
	}
	put_address(&address, peer->address);
	peer->local = is_loopback(&address);
	len = sizeof(address);
	if (getsockname(fd, &address.any, &len) == 0)
		put_address(&address, peer->server);
}

void peer_learn(struct peer *peer, int in, int out)
{
	*peer = (struct peer){.uid = (uid_t)-1};
	if (fd_is_socket(in)) {
		learn_from_socket(peer, in);
	} else if (fd_is_socket(out)) {
		learn_from_socket(peer, out);
	} else if (!learn_from_environment(peer, false)) {
		peer->local = true;
		peer->pipe = true;
		peer->uid = getuid();
	}
	if (!*peer->address)
		snprintf(peer->address, sizeof(peer->address), "%s",
			peer->local ? "local" : "unknown");
}

void peer_source(const char *address, char out[static PEER_ADDRESS_SIZE])
{
	struct in6_addr in6;

	snprintf(out, PEER_ADDRESS_SIZE, "%s", address);
	if (inet_pton(AF_INET6, address, &in6) == 1) {
		memset(&in6.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &in6, out, PEER_ADDRESS_SIZE);
	}
}

/*
 * agent_name - see agent_name.h. System calls: bind in the session; getpeername in the agent.
 *
 * The name is "pillarbox/ID/SERVICE/ADDRESS" behind a NUL: 108 octets at the most, of which the
 * longest address takes 46.
 */
#include "agent/agent_name.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PREFIX "pillarbox/"

int agent_name_set(int fd, const char *session, const char *service, const char *remote)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = sizeof(address.sun_path) - 1;
	int len = snprintf(address.sun_path + 1, size, PREFIX "%s/%s/%s", session, service, remote);

	if (len < 0 || (size_t)len >= size)
		return -ENAMETOOLONG;
	if (bind(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) < 0)
		return -errno;
	return 0;
}

/* The part up to `end`, or the rest. NULL: there is no such part, or it doesn't fit. */
static const char *take(const char *at, char end, char *out, size_t size)
{
	size_t len = end ? strcspn(at, (const char[]){end, '\0'}) : strlen(at);

	if (len == 0 || len >= size || at[len] != end)
		return NULL;
	memcpy(out, at, len);
	out[len] = '\0';
	return at + len + (end != '\0');
}

void agent_name_get(int fd, struct agent_name *name)
{
	union {
		struct sockaddr_un address;
		char octets[sizeof(struct sockaddr_un) + 1]; /* and a NUL behind it */
	} peer = {0};
	socklen_t len = sizeof(peer.address);
	const char *at = peer.address.sun_path + 1;

	memset(name, 0, sizeof(*name));
	if (getpeername(fd, (struct sockaddr *)&peer.address, &len) < 0 ||
		len <= offsetof(struct sockaddr_un, sun_path) + 1 || peer.address.sun_path[0] ||
		strncmp(at, PREFIX, strlen(PREFIX)) != 0)
		return;
	at = take(at + strlen(PREFIX), '/', name->session, sizeof(name->session));
	if (at)
		at = take(at, '/', name->service, sizeof(name->service));
	if (at)
		at = take(at, '\0', name->remote, sizeof(name->remote));
	name->known = at;
}

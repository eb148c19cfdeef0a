/*
 * agent_ticket - TICKET: the key with which a service seals its TLS session tickets.
 *
 * Each service has a key of its own, from which nobody gets back to the secret or on to another
 * service's: HMAC (RFC 2104) of the service's name, as HKDF-Expand does (RFC 5869 section 2.3). A
 * session that was taken over can ask for its own service's key alone (agent_name.h); with that it
 * can pose as the server to who comes back with a ticket of the current hours, and not of those
 * before.
 *
 * System calls: clock_gettime, those of agent_tickets.c.
 */
#include "agent/agent_monitor.h"
#include "agent/agent_tickets.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

_Static_assert(AGENT_TICKET_SIZE == HMAC_SIZE, "a key is one HMAC");

static bool is_service(const char *name)
{
	const char *at = name;

	while (islower((unsigned char)*at) || isdigit((unsigned char)*at))
		at++;
	return at > name && *at == '\0';
}

static void derive(const unsigned char secret[static HMAC_KEY_SIZE], const char *service,
	unsigned char key[static AGENT_TICKET_SIZE])
{
	char message[64];

	snprintf(message, sizeof(message), "pillarbox TLS tickets: %s", service);
	hmac_make(secret, message, strlen(message), key);
}

enum agent_then agent_ticket_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct agent_monitor *monitor = context;
	const char *path = monitor->conf->tls_tickets;
	unsigned char secret[HMAC_KEY_SIZE];
	int err;

	(void)fds;
	monitor->request = request;
	if (!is_service(request->service))
		return AGENT_THEN_BROKEN;
	err = *path ? agent_tickets_read(path, time(NULL), secret, agent_note, monitor) : -ENOENT;
	if (err == 0)
		derive(secret, request->service, reply->key);
	else
		reply->error = why_set(&reply->why, ENOENT, WHY_TEMP, "4.7.0",
			"no keys for TLS tickets: %s%s%s", path, *path ? ": " : "", strerror(-err));
	explicit_bzero(secret, sizeof(secret));
	return AGENT_THEN_REPLY;
}

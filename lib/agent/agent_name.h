/*
 * agent_name - who a session is, fixed before its peer has said a word.
 *
 * The session gives its end of the channel a name in the abstract namespace (unix(7)), which holds
 * its id, its service and the peer's address. It can't get another one: a socket is named once, and
 * in the jail nobody has bind(2). So the agent counts failed log-ins for the address that was there
 * at the beginning, and logs it, whatever the requests of a session say that was taken over since.
 */
#ifndef AGENT_AGENT_NAME_H
#define AGENT_AGENT_NAME_H

#include "agent/agent_msg.h"

#include <stdbool.h>

struct agent_name {
	bool known; /* false: the peer has no such name, and the requests tell */
	char session[AGENT_ID_SIZE];
	char service[AGENT_SERVICE_SIZE];
	char remote[AGENT_REMOTE_SIZE];
};

/* Name this end of a channel, connected or not. 0 or -errno; -ENAMETOOLONG: a part is too long. */
int agent_name_set(int fd, const char *session, const char *service, const char *remote);

/* Of the other end. What is no such name is none. */
void agent_name_get(int fd, struct agent_name *name);

#endif

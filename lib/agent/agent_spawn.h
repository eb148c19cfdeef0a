/*
 * agent_spawn - a session's own spool-agent, where there is none to connect to (inetd, an ordinary
 * user).
 */
#ifndef AGENT_AGENT_SPAWN_H
#define AGENT_AGENT_SPAWN_H

#include "base/why.h"

#include <stdbool.h>

/*
 * Start a spool-agent with this process's rights and make *fd the channel to it. It ends when the
 * channel's last copy is closed. config_path (may be NULL) is handed to it, and pipe: that the peer
 * holds a pipe of this process's. 0 or -errno.
 */
int agent_spawn(const char *config_path, bool pipe, int *fd, struct why *why);

#endif

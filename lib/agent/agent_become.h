/*
 * agent_become - from root to one user, for good.
 */
#ifndef AGENT_AGENT_BECOME_H
#define AGENT_AGENT_BECOME_H

#include "base/why.h"

#include <sys/types.h>

/*
 * Become uid and gid with no other group, no capability and no way to gain any. A process that is
 * not root can only stay who it is. 0, or -errno with WHY_TEMP: then do nothing in the user's name.
 */
int agent_become(uid_t uid, gid_t gid, struct why *why);

#endif

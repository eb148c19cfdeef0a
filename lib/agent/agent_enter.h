/*
 * agent_enter - what a log-in can be for.
 */
#ifndef AGENT_AGENT_ENTER_H
#define AGENT_AGENT_ENTER_H

#include "agent/agent_monitor.h"

struct agent_service {
	const char *name; /* of LOGIN */
	/* The user is in. *then is what agent_dispatch() is to do. 0; or -errno with reply->why,
	 * and nothing has changed. */
	int (*enter)(struct agent_monitor *monitor, const struct account *account,
		struct agent_reply *reply, enum agent_then *then);
};

/* NULL: there is no such service. */
const struct agent_service *agent_enter_find(const char *name);

#endif

/*
 * agent_server - the privileged side of the agent socket, for cmd/spool-agent.
 */
#ifndef AGENT_AGENT_SERVER_H
#define AGENT_AGENT_SERVER_H

#include "conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

/* Something for the log. Strings may be NULL or empty and end with the call. */
struct agent_event {
	const char *name; /* "login", "login-failed", "login-refused", "delivered",
			     "delivery-failed", "delivery-deferred", "maildrop", "maildrop-failed",
			     "removed", "removal-failed", "child-killed", "note", "refused" */
	bool bad;         /* an administrator should look at it */
	const char *session;
	const char *remote;
	const char *user;
	const char *queue_id;
	const char *sender;
	const char *recipient;
	const char *status;
	const char *reason;
	uint64_t size;        /* octets; 0: not said */
	uint64_t duration_us; /* 0: not said */
};

struct agent_server {
	const struct conf *conf;
	bool pipe; /* whoever asks got the request from a pipe of this process's own user */
	void (*event)(void *context, const struct agent_event *event);
	void *context;
};

/*
 * Serve one connection until its other end is closed. 0; -EPERM: the peer is none of ours; -EPROTO:
 * it broke the rules of agent_msg.h and was left; or another -errno. The caller closes fd. The
 * process must have no other work: it starts children, and waits for them.
 */
int agent_serve(const struct agent_server *server, int fd);

#endif

/*
 * agent_dispatch - the loop that serves requests: receive one, hold it against the rules, call its
 * handler, send the reply. The monitor and the user's child each have a table for it.
 */
#ifndef AGENT_AGENT_DISPATCH_H
#define AGENT_AGENT_DISPATCH_H

#include "agent/agent_msg.h"
#include "agent/agent_name.h"

#include <stdint.h>

struct agent_connection {
	int fd;
	struct agent_name peer; /* where it is known, it counts, not what a request says */
	int companion;          /* when this one is hung up, the connection ends, too; -1: none */
	unsigned state;         /* one bit; the handlers change it */
	uint64_t requests;      /* how many more will be served */
	int64_t deadline_ms;    /* clock_ms() at which it ends */
	int64_t arrived_us;     /* clock_us() at which the request in hand came */
	int error;              /* why the loop ended: 0, or -errno */
};

enum agent_then {
	AGENT_THEN_REPLY,     /* send the reply; go on */
	AGENT_THEN_REPLY_END, /* send the reply; nothing can follow */
	AGENT_THEN_END,       /* the reply is sent already; nothing can follow */
	AGENT_THEN_BROKEN,    /* it broke the rules: no reply; nothing can follow */
};

/* What goes with a reply. The loop closes it when it is sent. */
struct agent_fds {
	int out; /* -1: nothing */
};

struct agent_row {
	enum agent_then (*handle)(void *context, struct agent_request *request,
		struct agent_reply *reply, struct agent_fds *fds);
	unsigned states; /* in which it is legal */
};

/* rows: AGENT_OPS of them; those without a handler are never legal. Returns when the connection is
 * over. */
void agent_dispatch(
	struct agent_connection *connection, const struct agent_row *rows, void *context);

#endif

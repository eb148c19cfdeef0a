/*
 * agent_dispatch - see agent_dispatch.h.
 *
 * The peer is a session that may have been taken over by whoever it talked to. A request that
 * breaks the rules is not answered: no session of ours sends one. Passwords are wiped as soon as
 * the handler is done, and keys as soon as they are sent.
 *
 * System calls: poll, recvmsg, sendto, sendmsg, close, clock_gettime.
 */
#include "agent/agent_dispatch.h"

#include "agent/agent_wire.h"
#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

static bool is_text(const char *field, size_t size)
{
	return memchr(field, '\0', size) != NULL;
}

static bool are_texts(const struct agent_request *request)
{
	return is_text(request->session, sizeof(request->session)) &&
	       is_text(request->remote, sizeof(request->remote)) &&
	       is_text(request->service, sizeof(request->service)) &&
	       is_text(request->queue_id, sizeof(request->queue_id)) &&
	       is_text(request->sender, sizeof(request->sender)) &&
	       is_text(request->recipient, sizeof(request->recipient)) &&
	       is_text(request->password, sizeof(request->password));
}

static const struct agent_row *legal_row(const struct agent_connection *connection,
	const struct agent_row *rows, const struct agent_request *request)
{
	const struct agent_row *row = request->op < AGENT_OPS ? &rows[request->op] : NULL;

	if (!row || !row->handle || !(row->states & connection->state) || !are_texts(request))
		return NULL;
	return row;
}

/* Wait for a request. -EPIPE: nothing will come any more. */
static int await(const struct agent_connection *connection)
{
	struct pollfd polls[2] = {{.fd = connection->fd, .events = POLLIN},
		{.fd = connection->companion}}; /* -1 is passed over by poll(2) */

	for (;;) {
		int64_t left = connection->deadline_ms - clock_ms();
		int n;

		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(polls, 2, left < INT_MAX ? (int)left : INT_MAX);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return polls[1].revents ? -EPIPE : 0;
	}
}

static int receive(struct agent_connection *connection, struct agent_request *request)
{
	int fd = -1;
	int err = await(connection);

	if (err == 0 && connection->requests-- == 0)
		err = -EDQUOT;
	if (err == 0)
		err = agent_wire_receive(connection->fd, request, sizeof(*request), &fd);
	if (fd >= 0)
		err = -EPROTO;
	fd_close(&fd);
	connection->arrived_us = clock_us();
	return err;
}

/* Who asks is known, or the request says it. TICKET's service is the session's own. */
static bool is_genuine(const struct agent_name *peer, struct agent_request *request)
{
	if (!peer->known)
		return true;
	memcpy(request->session, peer->session, sizeof(request->session));
	memcpy(request->remote, peer->remote, sizeof(request->remote));
	return request->op != AGENT_TICKET || strcmp(request->service, peer->service) == 0;
}

/* One request. 0: go on; 1: it was the last; -errno: the connection is done with. */
static int serve_one(
	struct agent_connection *connection, const struct agent_row *rows, void *context)
{
	struct agent_request request = {0};
	struct agent_reply reply = {0};
	struct agent_fds fds = {-1};
	const struct agent_row *row;
	enum agent_then then = AGENT_THEN_BROKEN;
	int err = receive(connection, &request);

	if (err < 0) {
		explicit_bzero(&request, sizeof(request));
		return err;
	}
	row = legal_row(connection, rows, &request);
	reply.op = request.op;
	if (row && is_genuine(&connection->peer, &request))
		then = row->handle(context, &request, &reply, &fds);
	explicit_bzero(&request, sizeof(request));
	if (then == AGENT_THEN_BROKEN)
		err = -EPROTO;
	else if (then != AGENT_THEN_END)
		err = agent_wire_send(connection->fd, &reply, sizeof(reply), fds.out);
	explicit_bzero(reply.key, sizeof(reply.key));
	fd_close(&fds.out);
	return err < 0 ? err : then != AGENT_THEN_REPLY;
}

void agent_dispatch(
	struct agent_connection *connection, const struct agent_row *rows, void *context)
{
	int err;

	do {
		err = serve_one(connection, rows, context);
	} while (err == 0);
	connection->error = err == 1 || err == -EPIPE ? 0 : err;
}

/*
 * wire - see wire.h.
 *
 * The fds may be a socket, or pipes (an SMTP session in a test, a POP3 session over ssh), which are
 * shared with whoever made them and so stay blocking: there poll(2) says whether a call may be
 * made, and no write is longer than what poll(2) promised to take. Sockets are asked not to block
 * in each call, and by no call that the jail keeps for the agent's channel (jail_calls.h).
 */
#include "tls/wire.h"

#include "base/fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_ready(int fd, short events)
{
	struct pollfd pollfd = {.fd = fd, .events = events};

	return poll(&pollfd, 1, 0) > 0;
}

static ssize_t again(void)
{
	errno = EAGAIN;
	return -1;
}

static ssize_t wire_pull(gnutls_transport_ptr_t context, void *data, size_t len)
{
	struct wire *wire = context;
	ssize_t n;

	if (wire->allowance == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	if (len > wire->allowance)
		len = wire->allowance;
	if (wire->in_is_socket)
		n = recv(wire->in, data, len, MSG_DONTWAIT);
	else if (is_ready(wire->in, POLLIN))
		n = read(wire->in, data, len);
	else
		n = again();
	wire->ended |= n == 0;
	if (n > 0)
		wire->allowance -= (size_t)n;
	return n;
}

/* The beginning of all parts in one piece. */
static size_t gather(const giovec_t *parts, int count, char *out, size_t room)
{
	size_t len = 0;

	for (int i = 0; i < count && len < room; i++) {
		size_t part = parts[i].iov_len < room - len ? parts[i].iov_len : room - len;

		memcpy(out + len, parts[i].iov_base, part);
		len += part;
	}
	return len;
}

/* The records of a handshake are small and many, and should not be a packet each. */
static ssize_t wire_push(gnutls_transport_ptr_t context, const giovec_t *parts, int count)
{
	const struct wire *wire = context;
	char gathered[PIPE_BUF];
	const void *data = parts[0].iov_base;
	size_t len = parts[0].iov_len;

	if (count > 1 && len < sizeof(gathered)) {
		len = gather(parts, count, gathered, sizeof(gathered));
		data = gathered;
	}
	if (wire->out_is_socket)
		return send(wire->out, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!is_ready(wire->out, POLLOUT))
		return again();
	return write(wire->out, data, len < PIPE_BUF ? len : PIPE_BUF);
}

void wire_attach(struct wire *wire, gnutls_session_t session, int in, int out)
{
	*wire = (struct wire){.in = in,
		.out = out,
		.in_is_socket = fd_is_socket(in),
		.out_is_socket = fd_is_socket(out),
		.allowance = WIRE_ALLOWANCE};
	gnutls_transport_set_ptr(session, wire);
	gnutls_transport_set_pull_function(session, wire_pull);
	gnutls_transport_set_vec_push_function(session, wire_push);
}

void wire_allow(struct wire *wire)
{
	wire->allowance = WIRE_ALLOWANCE;
}

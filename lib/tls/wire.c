/*
 * wire - see wire.h.
 *
 * The fds may be a socket, or pipes (an SMTP session in a test, a POP3 session over ssh), which are
 * shared with whoever made them and so stay blocking: there poll(2) says whether a call may be
 * made, and no write is longer than what poll(2) promised to take. Sockets are asked not to block
 * in each call.
 */
#include "tls/wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

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

static ssize_t wire_push(gnutls_transport_ptr_t context, const giovec_t *parts, int count)
{
	const struct wire *wire = context;
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts};
	size_t len = parts[0].iov_len;

	message.msg_iovlen = (size_t)count;
	if (wire->out_is_socket)
		return sendmsg(wire->out, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!is_ready(wire->out, POLLOUT))
		return again();
	return write(wire->out, parts[0].iov_base, len < PIPE_BUF ? len : PIPE_BUF);
}

void wire_attach(struct wire *wire, gnutls_session_t session, int in, int out)
{
	*wire = (struct wire){.in = in,
		.out = out,
		.in_is_socket = is_socket(in),
		.out_is_socket = is_socket(out),
		.allowance = WIRE_ALLOWANCE};
	gnutls_transport_set_ptr(session, wire);
	gnutls_transport_set_pull_function(session, wire_pull);
	gnutls_transport_set_vec_push_function(session, wire_push);
}

void wire_allow(struct wire *wire)
{
	wire->allowance = WIRE_ALLOWANCE;
}

/* agent_wire - see agent_wire.h. */
#include "agent/agent_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 4 /* what a packet can bring; more are dropped by the kernel */

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int) * MAX_FDS)];
};

static ssize_t send_with_fd(int socket, const void *data, size_t len, int fd)
{
	struct iovec iov = {.iov_len = len};
	union control control = {0};
	struct cmsghdr *header = &control.align;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(fd))};

	memcpy(&iov.iov_base, &data, sizeof(data)); /* the same pointer, without its const */
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &msg, MSG_NOSIGNAL);
}

/* Without an fd by a call that could not take one: no other is allowed to a session. */
int agent_wire_send(int socket, const void *data, size_t len, int fd)
{
	ssize_t n;

	do {
		n = fd >= 0 ? send_with_fd(socket, data, len, fd)
			    : send(socket, data, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EPROTO;
}

/* Collect the fds of all control messages; returns how many there were. */
static size_t take_fds(struct msghdr *msg, int fds[static MAX_FDS])
{
	size_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(msg); header;
		header = CMSG_NXTHDR(msg, header)) {
		size_t n;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && count < MAX_FDS; i++, count++)
			memcpy(&fds[count], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
	}
	return count;
}

int agent_wire_receive(int socket, void *data, size_t len, int *fd)
{
	struct iovec iov = {.iov_base = data, .iov_len = len};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	int fds[MAX_FDS];
	size_t count;
	ssize_t n;

	do {
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	count = take_fds(&msg, fds);
	if (n > 0 && (size_t)n == len && count <= 1 &&
		!(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		*fd = count == 1 ? fds[0] : -1;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	return n == 0 ? -EPIPE : -EPROTO;
}

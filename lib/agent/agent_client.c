/*
 * agent_client - see agent_client.h.
 *
 * The session's half: it fills one fixed-size request, waits for the reply, and makes no decision.
 * It links nothing of the agent's but the packet format. What it gets back is checked only as far
 * as its own memory needs it: the agent has more rights than the session in any case.
 */
#include "agent/agent_client.h"

#include "agent/agent_name.h"
#include "agent/agent_spawn.h"
#include "agent/agent_wire.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_SECONDS 10 /* an agent that doesn't accept for so long is no help */

/* The socket is not there, not served, or not for this user: then the session starts its own agent.
 */
static bool is_absent(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EACCES || err == EPERM ||
	       err == ECONNREFUSED || err == ENAMETOOLONG;
}

/* For sending and connecting, too: a full socket must not hold a session up for ever. */
static void set_patience(int fd, time_t seconds)
{
	const struct timeval time = {.tv_sec = seconds};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

static int connect_to(const char *path, int *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set_patience(fd, CONNECT_SECONDS);
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int err = errno;

		if (err == EINTR)
			continue;
		fd_close(&fd);
		return -err;
	}
	*out = fd;
	return 0;
}

int agent_open_channel(struct agent *agent, const char *socket_path, const char *config_path,
	const struct agent_peer *peer, struct why *why)
{
	int err = socket_path ? connect_to(socket_path, &agent->fd) : -ENOENT;

	if (err < 0 && is_absent(-err))
		err = agent_spawn(config_path, peer->pipe, &agent->fd, why);
	else if (err < 0)
		why_errno(why, -err, socket_path, "connect");
	if (err < 0) {
		agent->fd = -1;
		return err;
	}
	err = peer->service ? agent_name_set(agent->fd, peer->session, peer->service, peer->remote)
			    : 0;
	if (err < 0) {
		fd_close(&agent->fd);
		return why_errno(why, -err, "the agent's channel", "name");
	}
	agent_set_patience(agent, AGENT_PATIENCE_SECONDS);
	snprintf(agent->session, sizeof(agent->session), "%s", peer->session);
	snprintf(agent->remote, sizeof(agent->remote), "%s", peer->remote);
	return 0;
}

void agent_set_patience(const struct agent *agent, uint64_t seconds)
{
	set_patience(agent->fd, seconds > 0 ? (time_t)seconds : 1);
}

void agent_close_channel(struct agent *agent)
{
	fd_close(&agent->fd);
}

static void start_request(
	const struct agent *agent, enum agent_op op, struct agent_request *request)
{
	memset(request, 0, sizeof(*request));
	request->op = op;
	memcpy(request->session, agent->session, sizeof(request->session));
	memcpy(request->remote, agent->remote, sizeof(request->remote));
}

static int lost(int err, struct why *why)
{
	return why_set(
		why, -err, WHY_TEMP, "4.3.0", "the spool-agent has gone away: %s", strerror(-err));
}

/* One request and its reply. *fd_out is -1 or an fd that is now the caller's; on failure it is -1.
 */
static int ask(const struct agent *agent, const struct agent_request *request,
	struct agent_reply *reply, int *fd_out, struct why *why)
{
	int err = agent_wire_send(agent->fd, request, sizeof(*request), -1);

	*fd_out = -1;
	if (err == 0)
		err = agent_wire_receive(agent->fd, reply, sizeof(*reply), fd_out);
	if (err == -ECONNRESET)
		err = -EPIPE;
	if (err == -EAGAIN) { /* an answer that comes later must not be taken for another's */
		err = -ETIMEDOUT;
		(void)shutdown(agent->fd, SHUT_RDWR);
	}
	if (err == 0 && (reply->op != request->op || reply->error > 0))
		err = -EPROTO;
	if (err < 0) {
		fd_close(fd_out);
		return lost(err, why);
	}
	if (reply->error < 0) {
		fd_close(fd_out);
		reply->why.status[sizeof(reply->why.status) - 1] = '\0';
		reply->why.text[sizeof(reply->why.text) - 1] = '\0';
		if (why)
			*why = reply->why;
	}
	return reply->error;
}

/* For requests whose reply brings no fd; one that comes all the same is closed. */
static int ask_plain(const struct agent *agent, const struct agent_request *request,
	struct agent_reply *reply, struct why *why)
{
	int fd;
	int err = ask(agent, request, reply, &fd, why);

	fd_close(&fd);
	return err;
}

/* For requests that are answered by an fd. */
static int ask_fd(const struct agent *agent, const struct agent_request *request,
	struct agent_reply *reply, int *fd, struct why *why)
{
	int err = ask(agent, request, reply, fd, why);

	if (err == 0 && *fd < 0)
		return lost(-EPROTO, why);
	return err;
}

/* Copy text into a field of the request; -EMSGSIZE, and the field stays empty, if it does not fit
 * whole. */
static int put(char *field, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size)
		return -EMSGSIZE;
	memcpy(field, text, len + 1);
	return 0;
}

static int put_recipient(struct agent_request *request, const char *recipient, struct why *why)
{
	if (put(request->recipient, sizeof(request->recipient), recipient) == 0)
		return 0;
	return why_set(why, ENOENT, WHY_PERM, "5.1.1", "no such mailbox");
}

int agent_lookup(struct agent *agent, const char *recipient, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int err;

	start_request(agent, AGENT_LOOKUP, &request);
	err = put_recipient(&request, recipient, why);
	return err < 0 ? err : ask_plain(agent, &request, &reply, why);
}

int agent_stage(struct agent *agent, int *fd, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};

	start_request(agent, AGENT_STAGE, &request);
	return ask_fd(agent, &request, &reply, fd, why);
}

int agent_deliver(struct agent *agent, const char *sender, const char *recipient,
	const char *queue_id, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int err;

	start_request(agent, AGENT_DELIVER, &request);
	err = put_recipient(&request, recipient, why);
	if (err < 0)
		return err;
	if (put(request.sender, sizeof(request.sender), sender) < 0 ||
		put(request.queue_id, sizeof(request.queue_id), queue_id) < 0)
		return why_set(why, EMSGSIZE, WHY_PERM, "5.1.7", "the reverse-path is too long");
	return ask_plain(agent, &request, &reply, why);
}

int agent_login(struct agent *agent, const struct agent_login *login, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int err;

	start_request(agent, AGENT_LOGIN, &request);
	(void)put(request.service, sizeof(request.service), login->service);
	/* What does not fit can't be right: without a name the agent refuses it, at its usual pace.
	 */
	if (put(request.password, sizeof(request.password), login->password) == 0)
		(void)put(request.recipient, sizeof(request.recipient), login->user);
	err = ask_plain(agent, &request, &reply, why);
	explicit_bzero(&request, sizeof(request));
	return err;
}

int agent_ticket_key(struct agent *agent, const char *service,
	unsigned char key[static AGENT_TICKET_SIZE], struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int err;

	start_request(agent, AGENT_TICKET, &request);
	(void)put(request.service, sizeof(request.service), service);
	err = ask_plain(agent, &request, &reply, why);
	if (err == 0)
		memcpy(key, reply.key, AGENT_TICKET_SIZE);
	explicit_bzero(reply.key, sizeof(reply.key));
	return err;
}

/* A table that could still change under us is none. */
static int map_table(int fd, struct agent_maildrop *drop)
{
	const uint64_t size = (uint64_t)drop->count * sizeof(struct agent_entry);
	const int wanted = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *at;

	if (seals < 0 || (seals & wanted) != wanted || fd_stat(fd, &st) < 0 ||
		(uint64_t)st.st_size != size || size > SIZE_MAX)
		return -EPROTO;
	at = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	drop->entries = at;
	return 0;
}

int agent_open_maildrop(struct agent *agent, struct agent_maildrop *drop, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int err;

	start_request(agent, AGENT_OPEN, &request);
	err = ask_plain(agent, &request, &reply, why);
	if (err < 0)
		return err;
	*drop = (struct agent_maildrop){.count = reply.count, .octets = reply.octets};
	return 0;
}

int agent_list_maildrop(struct agent *agent, struct agent_maildrop *drop, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int fd;
	int err;

	if (drop->entries || drop->count == 0)
		return 0;
	start_request(agent, AGENT_LIST, &request);
	err = ask_fd(agent, &request, &reply, &fd, why);
	if (err < 0)
		return err;
	err = map_table(fd, drop);
	fd_close(&fd);
	return err < 0 ? why_errno(why, -err, "the maildrop's table", "map") : 0;
}

void agent_maildrop_done(struct agent_maildrop *drop)
{
	void *at;

	memcpy(&at, &drop->entries, sizeof(at)); /* the same pointer, without its const */
	if (at)
		munmap(at, drop->count * sizeof(*drop->entries));
	*drop = (struct agent_maildrop){0};
}

int agent_fetch(struct agent *agent, size_t number, struct agent_run *run, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int fd;
	int err;

	if (number == 0 || number > UINT32_MAX)
		return why_set(why, EINVAL, WHY_PERM, "5.5.4", "no such message");
	start_request(agent, AGENT_FETCH, &request);
	request.number = (uint32_t)number;
	err = ask_fd(agent, &request, &reply, &fd, why);
	if (err < 0)
		return err;
	*run = (struct agent_run){.fd = fd,
		.form = reply.form == AGENT_FORM_MBOXRD ? AGENT_FORM_MBOXRD : AGENT_FORM_PLAIN,
		.stamp = reply.stamp,
		.first = number,
		.count = 1 + (reply.count < AGENT_NEXT_MAX ? reply.count : AGENT_NEXT_MAX)};
	run->at[0] = reply.range;
	memcpy(&run->at[1], reply.next, (run->count - 1) * sizeof(*reply.next));
	return 0;
}

/* Marks that say nothing need not be sent. */
static bool has_marks(const unsigned char *marks, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (marks[i])
			return true;
	}
	return false;
}

static int send_marks(
	const struct agent *agent, const unsigned char *marks, size_t count, struct why *why)
{
	size_t len = (count + 7) / 8;

	for (size_t at = 0; at < len; at += AGENT_MARKS_SIZE) {
		size_t n = len - at < AGENT_MARKS_SIZE ? len - at : AGENT_MARKS_SIZE;
		struct agent_request request;
		struct agent_reply reply = {0};
		int err;

		if (!has_marks(marks + at, n))
			continue;
		start_request(agent, AGENT_MARK, &request);
		request.number = (uint32_t)(at * 8 + 1);
		memcpy(request.marks, marks + at, n);
		err = ask_plain(agent, &request, &reply, why);
		if (err < 0)
			return err;
	}
	return 0;
}

int agent_update(struct agent *agent, const unsigned char *bitmap, size_t count, struct why *why)
{
	struct agent_request request;
	struct agent_reply reply = {0};
	int err = send_marks(agent, bitmap, count, why);

	if (err < 0)
		return err;
	start_request(agent, AGENT_UPDATE, &request);
	request.number = (uint32_t)count;
	return ask_plain(agent, &request, &reply, why);
}

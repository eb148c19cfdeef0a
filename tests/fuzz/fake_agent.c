/* fake_agent - see fake_agent.h. */
#include "fake_agent.h"

#include "agent/agent_client.h"
#include "agent/agent_wire.h"
#include "base/fd.h"
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum state { NOBODY = 1, SOMEBODY = 2, POP3 = 4, OPEN = 8, LISTED = 16 };

#define OPENED (OPEN | LISTED)

static struct {
	struct fuzz *dice;
	enum state state;
	bool gone;
	bool asked;
	struct agent_request request;
	unsigned char marks[1]; /* which messages are to go */
	int staged;
	int mailbox; /* as the session got it last */
	struct fuzz_sink calls;
} agent = {.staged = -1, .mailbox = -1};

/* As stored, and as sent. Between them there is nothing: an extent is all that says where one ends.
 */
static const struct {
	const char *stored;
	size_t stored_len;
	const char *sent;
	size_t sent_len;
} messages[] = {
#define MESSAGE(stored, sent)                                                                      \
	{                                                                                          \
		stored, sizeof(stored) - 1, sent, sizeof(sent) - 1                                 \
	}
	MESSAGE("", ""),
	MESSAGE("Subject: one\n\nbody\n", "Subject: one\r\n\r\nbody\r\n"),
	MESSAGE("Subject: dots\n\n.\n..\n.x\nx.\n", "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nx.\r\n"),
	MESSAGE("\n\n>From me\n>>From you\n>From", "\r\n\r\nFrom me\r\n>From you\r\n>From\r\n"),
	MESSAGE("A: b\r\n\r\nCR\rNUL\0and\r\n\r\r\n\r", "A: b\r\n\r\nCR\rNUL\0and\r\n\r\r\n\r\r\n"),
	MESSAGE("no header at all", "no header at all\r\n"),
};
#define MESSAGES (sizeof(messages) / sizeof(*messages))
_Static_assert(MESSAGES <= 8, "one octet has all marks");

static struct fake_call *call_at(size_t n)
{
	return (struct fake_call *)(void *)agent.calls.at + n;
}

size_t fake_agent_count(void)
{
	return agent.calls.len / sizeof(struct fake_call);
}

const struct fake_call *fake_agent_call(size_t n)
{
	must(n < fake_agent_count());
	return call_at(n);
}

size_t fake_agent_messages(void)
{
	return MESSAGES;
}

const struct fuzz_sink *fake_agent_message(size_t n)
{
	static struct fuzz_sink sent;

	must(n < MESSAGES);
	sent.len = 0;
	fuzz_add(&sent, messages[n].sent, messages[n].sent_len);
	return &sent;
}

void fake_agent_begin(struct fuzz *dice)
{
	agent.dice = dice;
	agent.state = NOBODY;
	agent.gone = false;
	agent.asked = false;
	agent.marks[0] = 0;
	fuzz_add(&agent.calls, "", 0);
}

void fake_agent_end(void)
{
	for (size_t n = 0; n < fake_agent_count(); n++)
		fuzz_free(&call_at(n)->content);
	agent.calls.len = 0;
	fd_close(&agent.staged);
	fd_close(&agent.mailbox);
}

FAKE(agent_open_channel);
int __wrap_agent_open_channel(struct agent *channel, const char *socket_path,
	const char *config_path, const struct agent_peer *peer, struct why *why)
{
	(void)socket_path;
	(void)config_path;
	(void)why;
	must(*peer->session && *peer->remote);
	*channel = (struct agent){.fd = -1};
	return 0;
}

static void check_text(const char *text, size_t size)
{
	must(memchr(text, 0, size) && fuzz_is_printable(text, strlen(text), false));
}

/* The table of agent_msg.h. */
static void check_request(const struct agent_request *request, int fd)
{
	static const unsigned legal[AGENT_OPS] = {
		[AGENT_LOOKUP] = NOBODY | SOMEBODY,
		[AGENT_STAGE] = NOBODY | SOMEBODY,
		[AGENT_DELIVER] = NOBODY | SOMEBODY,
		[AGENT_LOGIN] = NOBODY,
		[AGENT_TICKET] = NOBODY,
		[AGENT_OPEN] = POP3,
		[AGENT_LIST] = OPEN,
		[AGENT_FETCH] = OPENED,
		[AGENT_MARK] = OPENED,
		[AGENT_UPDATE] = OPENED,
	};

	must(request->op < AGENT_OPS && (legal[request->op] & agent.state));
	must(fd < 0);
	must(request->op != AGENT_DELIVER || agent.staged >= 0);
	must(request->op != AGENT_FETCH || (request->number > 0 && request->number <= MESSAGES));
	must(request->op != AGENT_UPDATE || request->number == MESSAGES);
	must(request->op != AGENT_MARK ||
		(request->number == 1 && request->marks[0] >> MESSAGES == 0));
	check_text(request->session, sizeof(request->session));
	check_text(request->remote, sizeof(request->remote));
	check_text(request->service, sizeof(request->service));
	check_text(request->queue_id, sizeof(request->queue_id));
	check_text(request->sender, sizeof(request->sender));
	check_text(request->recipient, sizeof(request->recipient));
	must(memchr(request->password, 0, sizeof(request->password)));
}

/* Marks that can't be set are a removal that fails. */
static void remember(const struct agent_request *request, struct fake_call *call)
{
	call->op = request->op == AGENT_MARK ? AGENT_UPDATE : (enum agent_op)request->op;
	call->at = client_position();
	memcpy(call->sender, request->sender, sizeof(call->sender));
	memcpy(call->recipient, request->recipient, sizeof(call->recipient));
	memcpy(call->password, request->password, sizeof(call->password));
	fuzz_add(&agent.calls, call, sizeof(*call));
}

FAKE(agent_wire_send);
int __wrap_agent_wire_send(int socket, const void *data, size_t len, int fd)
{
	struct fake_call lost = {.error = -EPIPE};

	(void)socket;
	must(len == sizeof(agent.request) && !agent.asked);
	memcpy(&agent.request, data, len);
	if (agent.gone) {
		remember(&agent.request, &lost);
		return -EPIPE;
	}
	check_request(&agent.request, fd);
	agent.asked = true;
	return 0;
}

static int memory(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0);
	return fd;
}

static struct fuzz_text content_of(int fd)
{
	struct stat st;
	struct fuzz_text text;

	must(fstat(fd, &st) == 0);
	text = fuzz_copy("", 0);
	fuzz_free(&text);
	text.at = malloc((size_t)st.st_size + 1);
	text.len = (size_t)st.st_size;
	must(text.at && fd_pread(fd, text.at, text.len, 0) == (ssize_t)text.len);
	return text;
}

static int fail(struct agent_reply *reply)
{
	static const struct {
		int err;
		enum why_class class;
		const char *status;
	} ways[] = {
		{EIO, WHY_TEMP, "4.3.0"},
		{ENOSPC, WHY_TEMP, "4.3.1"},
		{EDQUOT, WHY_TEMP, "4.2.2"},
		{ENOENT, WHY_PERM, "5.1.1"},
		{EFBIG, WHY_PERM, "5.3.4"},
		{EPERM, WHY_PERM, ""},
		{EBUSY, WHY_INUSE, ""},
	};
	unsigned way = fuzz_chance(agent.dice, sizeof(ways) / sizeof(*ways));

	if (reply->op == AGENT_LOGIN && fuzz_chance(agent.dice, 3))
		return why_set(&reply->why, EACCES, WHY_AUTH, "5.7.8", "authentication failed");
	return why_set(&reply->why, ways[way].err, ways[way].class, ways[way].status,
		"a reason of the agent's /with/a/path");
}

static void stage(int *fd)
{
	fd_close(&agent.staged);
	agent.staged = memory();
	*fd = fcntl(agent.staged, F_DUPFD_CLOEXEC, 0);
}

static void open_maildrop(struct agent_reply *reply)
{
	for (size_t n = 0; n < MESSAGES; n++)
		reply->octets += messages[n].sent_len;
	reply->count = MESSAGES;
}

static void list_maildrop(int *fd)
{
	struct agent_entry entries[MESSAGES] = {0};

	for (size_t n = 0; n < MESSAGES; n++) {
		entries[n].octets = messages[n].sent_len;
		snprintf(entries[n].uidl, sizeof(entries[n].uidl), "uidl-%zu", n);
	}
	*fd = memory();
	must(fd_write(*fd, entries, sizeof(entries)) == 0);
	must(fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ==
		0);
}

/* All messages, one behind the other, and where each of them lies. */
static int make_mailbox(struct agent_range ranges[static MESSAGES])
{
	uint64_t at = 7;
	int fd = memory();

	for (size_t n = 0; n < MESSAGES; n++) {
		ranges[n] = (struct agent_range){.offset = at,
			.length = messages[n].stored_len,
			.octets = messages[n].sent_len};
		must(fd_pwrite(fd, messages[n].stored, messages[n].stored_len, at) == 0);
		at += messages[n].stored_len;
	}
	return fd;
}

/* Of the messages behind it some, or none. Sometimes the file looks as if somebody had written to
 * it; then the session asks again, and gets another file. */
static void fetch(struct agent_reply *reply, struct fake_call *call, int *fd)
{
	struct agent_range ranges[MESSAGES];
	size_t n = agent.request.number - 1;
	struct stat st;

	*fd = make_mailbox(ranges);
	must(fstat(*fd, &st) == 0);
	reply->range = ranges[n];
	reply->count = fuzz_chance(agent.dice, (unsigned)(MESSAGES - n));
	memcpy(reply->next, &ranges[n + 1], reply->count * sizeof(*ranges));
	reply->form = AGENT_FORM_MBOXRD;
	reply->stamp = (struct agent_stamp){.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
		.ctime_ns = st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec};
	call->moved = fuzz_chance(agent.dice, 16) == 0;
	if (call->moved)
		reply->stamp.size++;
	fd_close(&agent.mailbox);
	agent.mailbox = fcntl(*fd, F_DUPFD_CLOEXEC, 0);
}

/* Another program writes all over the mailbox that the session has in hand. The time shows it,
 * which is not left to how fast the clock ticks. */
static void write_over(void)
{
	static const char other[] = "These are octets of a message that nobody has asked for.\n";
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
	struct fake_call call = {.op = FAKE_WRITTEN, .at = client_position()};
	struct stat st;

	must(fstat(agent.mailbox, &st) == 0);
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(other))
		must(fd_pwrite(agent.mailbox, other, sizeof(other), (uint64_t)at) == 0);
	must(ftruncate(agent.mailbox, st.st_size) == 0);
	must(futimens(agent.mailbox, times) == 0);
	fuzz_add(&agent.calls, &call, sizeof(call));
}

FAKE(fd_stat);
extern __typeof__(fd_stat) __real_fd_stat;
int __wrap_fd_stat(int fd, struct stat *st)
{
	if (agent.mailbox >= 0 && fuzz_chance(agent.dice, 16) == 0)
		write_over();
	return __real_fd_stat(fd, st);
}

static void log_in(void)
{
	agent.state = strcmp(agent.request.service, "smtp") == 0 ? SOMEBODY : POP3;
	must(agent.state == SOMEBODY || strcmp(agent.request.service, "pop3") == 0);
	must(*agent.request.recipient && *agent.request.password);
	fd_close(&agent.staged);
}

static void serve(struct agent_reply *reply, struct fake_call *call, int *fd)
{
	switch (agent.request.op) {
	case AGENT_STAGE:
		stage(fd);
		break;
	case AGENT_DELIVER:
		call->content = content_of(agent.staged);
		break;
	case AGENT_LOGIN:
		log_in();
		break;
	case AGENT_OPEN:
		open_maildrop(reply);
		agent.state = OPEN;
		break;
	case AGENT_LIST:
		list_maildrop(fd);
		agent.state = LISTED;
		break;
	case AGENT_FETCH:
		fetch(reply, call, fd);
		break;
	case AGENT_MARK:
		agent.marks[0] = agent.request.marks[0];
		break;
	case AGENT_UPDATE:
		call->content = fuzz_copy(agent.marks, sizeof(agent.marks));
		break;
	default:
		break;
	}
}

/* Nobody logs in without a name; else it is chance, one in eight, and one in three for log-ins. */
static bool fails(void)
{
	if (agent.request.op == AGENT_LOGIN && !*agent.request.recipient)
		return true;
	return fuzz_chance(agent.dice, agent.request.op == AGENT_LOGIN ? 3 : 8) == 0;
}

FAKE(agent_wire_receive);
int __wrap_agent_wire_receive(int socket, void *data, size_t len, int *fd)
{
	struct agent_reply reply = {.op = agent.request.op};
	struct fake_call call = {0};

	(void)socket;
	must(len == sizeof(reply) && agent.asked);
	agent.asked = false;
	*fd = -1;
	agent.gone = fuzz_chance(agent.dice, 64) == 0;
	if (agent.gone)
		call.error = -EPIPE;
	else if (fails())
		call.error = fail(&reply);
	else
		serve(&reply, &call, fd);
	if (agent.request.op == AGENT_UPDATE || (agent.request.op == AGENT_OPEN && call.error))
		agent.state = 0; /* nothing can follow */
	reply.error = call.error;
	if (agent.request.op != AGENT_MARK || call.error)
		remember(&agent.request, &call);
	memcpy(data, &reply, sizeof(reply));
	return agent.gone ? -EPIPE : 0;
}

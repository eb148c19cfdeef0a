/*
 * The agent's connection (agent/agent_server.h, agent/agent_dispatch.h), asked by a session that
 * was taken over: any packets, with or without an fd, in any order. Monitor, log-in, deliveries and
 * the user's maildrop are the real ones, in one process and a folder of its own.
 *
 * What the page agent_msg.h calls legal is answered, once, by a reply of its own; what it does not
 * is the end, without an answer. Nothing but the folder is touched.
 */
#include "account/account_text.h"
#include "agent/agent_checker.h"
#include "agent/agent_child.h"
#include "agent/agent_msg.h"
#include "agent/agent_server.h"
#include "agent/agent_wire.h"
#include "base/fd.h"
#include "folder.h"
#include "settings.h"
#include "spool/mbox_scan.h"
#include "spool/spool.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_MAX 60
#define LOGINS      3

/* alice's password is "secret". */
static const char users[] = "alice:hash\nbob@example.org:*\n";
static const char aliases[] = "staff: alice, nobody\nloop: loop2\nloop2: loop\npostmaster: alice\n";
#define FROM_LINE "From a@b Thu Jan  1 00:00:00 1970\n"
static const char *const texts[] = {
	"Received: 1\n\none\n\n", "Received: 2\n\ntwo\n\n", "Received: 3\n\nthree\n\n"};
#define MESSAGES (sizeof(texts) / sizeof(*texts))

FAKE(account_text_read);
int __wrap_account_text_read(struct account_text *text, const char *path,
	const struct account_text_rules *rules, struct why *why)
{
	const char *from = strcmp(path, "/users") == 0     ? users
			   : strcmp(path, "/aliases") == 0 ? aliases
							   : NULL;

	(void)rules;
	(void)why;
	must(from != NULL);
	text->at = strdup(from);
	must(text->at != NULL);
	text->len = strlen(from);
	return 0;
}

FAKE(getpwnam_r);
int __wrap_getpwnam_r(const char *restrict name, struct passwd *restrict pw, char *restrict space,
	size_t size, struct passwd **restrict result)
{
	static char home[] = "/home";

	(void)space;
	(void)size;
	must(strcmp(name, "mail-owner") == 0);
	*pw = (struct passwd){.pw_dir = home, .pw_uid = geteuid() ? geteuid() : 1000};
	*result = pw;
	return 0;
}

FAKE(crypt_rn);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	static char right[] = "hash", wrong[] = "*0";

	(void)data;
	(void)size;
	return strcmp(phrase, "secret") == 0 && strcmp(setting, "hash") == 0 ? right : wrong;
}

/* Not in a child. */
FAKE(agent_checker_run);
int __wrap_agent_checker_run(const struct conf *conf, const struct account_credentials *credentials,
	int connection, struct account *out, void (*note)(void *context, const char *text),
	void *context, struct why *why)
{
	(void)connection;
	return account_login(conf, credentials, out, note, context, why);
}

/* The user's child: its work is done in this process, when the monitor waits for it. */
static int child_pair = -1;

FAKE(agent_child_start);
int __wrap_agent_child_start(
	struct agent_child *child, const struct agent_child_plan *plan, struct why *why)
{
	int pair[2];

	(void)why;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	*child = (struct agent_child){.pid = INT_MAX, .pair = pair[0], .plan = plan};
	agent_spool_helper_init(&child->helper, plan->account);
	child_pair = pair[1];
	return 0;
}

FAKE(agent_child_serve);
extern __typeof__(agent_child_serve) __real_agent_child_serve;
void __wrap_agent_child_serve(struct agent_child *child)
{
	char state[PATH_MAX];
	struct spool_place place = {
		.location = child->plan->account->location, .state = state, .owner = geteuid()};

	snprintf(state, sizeof(state), "%s", folder_path("state"));
	must(strncmp(place.location + 5, folder_path("mail/"), strlen(folder_path("mail/"))) == 0);
	child->plan->work(child->plan->context, &place, child->plan->fd, child_pair);
	fd_close(&child_pair);
	__real_agent_child_serve(child);
}

/* The disk is not waited for. */
FAKE(fsync);
int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

FAKE(fdatasync);
int __wrap_fdatasync(int fd)
{
	(void)fd;
	return 0;
}

static void take_event(void *context, const struct agent_event *event)
{
	(void)context;
	must(event->name && *event->name);
	must(!event->user || strlen(event->user) < AGENT_ADDRESS_SIZE);
	must(!event->reason || strlen(event->reason) < 1024);
}

static const struct conf *conf(void)
{
	static struct conf made;
	static char location[PATH_MAX + 16], queue[PATH_MAX], tickets[PATH_MAX];
	const struct setting rows[] = {
		{"server", "hostname", "example.org"},
		{"server", "domains", "example.org"},
		{"accounts", "source", "file"},
		{"accounts", "file", "/users"},
		{"accounts", "owner", "mail-owner"},
		{"accounts", "aliases", "/aliases"},
		{"auth", "failure_delay", "0"},
		{"limits", "logins", "3"},
		{"smtp", "max_message_size", "1024"},
		{"store", "mailbox", location},
		{"queue", "directory", queue},
		{"tls", "tickets", tickets},
		{0},
	};

	if (made.hostname)
		return &made;
	snprintf(location, sizeof(location), "mbox:%s/%%u", folder_path("mail"));
	snprintf(queue, sizeof(queue), "%s", folder_path("queue"));
	snprintf(tickets, sizeof(tickets), "%s", folder_path("tickets/file"));
	settings_make(&made, rows);
	made.failures = ""; /* its own fuzzing is LMDB's, in children */
	return &made;
}

/* One packet, as it is sent. */
struct packet {
	char octets[sizeof(struct agent_request) + 1];
	size_t len;
	bool has_fd;
};

/* "text\n" in the input, whole or cut off; without a NUL at its end where the field is full. */
static void take_field(struct fuzz *fuzz, char *field, size_t size)
{
	const char *lf = fuzz->len ? memchr(fuzz->at, '\n', fuzz->len) : NULL;
	size_t len = lf ? (size_t)(lf - fuzz->at) : fuzz->len;

	memcpy(field, fuzz->at, len < size ? len : size);
	fuzz->at += len + (lf != NULL);
	fuzz->len -= len + (lf != NULL);
}

static void make_packet(struct fuzz *fuzz, struct packet *packet)
{
	struct agent_request request = {.session = "id", .remote = "192.0.2.2", .queue_id = "q"};
	unsigned kind = fuzz_octet(fuzz);

	memset(packet, 0, sizeof(*packet));
	request.op = kind & 15;
	request.number = fuzz_octet(fuzz);
	packet->has_fd = kind & 32;
	packet->len = kind & 64 ? fuzz_short(fuzz) % (sizeof(packet->octets) + 1) : sizeof(request);
	if (kind & 16) {
		take_field(fuzz, request.session, sizeof(request.session));
		take_field(fuzz, request.remote, sizeof(request.remote));
		take_field(fuzz, request.queue_id, sizeof(request.queue_id));
	}
	take_field(fuzz, request.service, sizeof(request.service));
	take_field(fuzz, request.recipient, sizeof(request.recipient));
	take_field(fuzz, request.password, sizeof(request.password));
	take_field(fuzz, request.sender, sizeof(request.sender));
	if (request.op == AGENT_MARK) {
		unsigned at = fuzz_octet(fuzz);

		request.marks[at] = (unsigned char)fuzz_octet(fuzz);
	}
	memcpy(packet->octets, &request, sizeof(request));
}

/* What may not come along. */
static int make_fd(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0);
	return fd;
}

/* What the page says: who is on the connection, and what was done. */
struct model {
	enum { NOBODY, SOMEBODY, POP3, OPEN, OVER } who;
	bool is_staged;
	bool is_listed;
	unsigned failures;
	size_t count; /* of messages in the maildrop */
	unsigned char marks[16];
	bool is_updated;
};

static bool are_texts(const struct agent_request *request)
{
	return memchr(request->session, 0, sizeof(request->session)) &&
	       memchr(request->remote, 0, sizeof(request->remote)) &&
	       memchr(request->service, 0, sizeof(request->service)) &&
	       memchr(request->queue_id, 0, sizeof(request->queue_id)) &&
	       memchr(request->sender, 0, sizeof(request->sender)) &&
	       memchr(request->recipient, 0, sizeof(request->recipient)) &&
	       memchr(request->password, 0, sizeof(request->password));
}

static bool is_service(const char *name)
{
	return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

static bool is_legal(const struct model *model, const struct packet *packet)
{
	bool monitors = model->who == NOBODY || model->who == SOMEBODY;
	struct agent_request request;

	if (packet->len != sizeof(request))
		return false;
	memcpy(&request, packet->octets, sizeof(request));
	if (!are_texts(&request) || packet->has_fd)
		return false;
	switch (request.op) {
	case AGENT_LOOKUP:
	case AGENT_STAGE:
		return monitors;
	case AGENT_DELIVER:
		return monitors && model->is_staged;
	case AGENT_LOGIN:
		return model->who == NOBODY && (strcmp(request.service, "pop3") == 0 ||
						       strcmp(request.service, "smtp") == 0);
	case AGENT_TICKET:
		return model->who == NOBODY && is_service(request.service);
	case AGENT_OPEN:
		return model->who == POP3;
	case AGENT_LIST:
		return model->who == OPEN && !model->is_listed;
	case AGENT_FETCH:
	case AGENT_MARK:
	case AGENT_UPDATE:
		return model->who == OPEN;
	default:
		return false;
	}
}

/* Those of the messages from `number` on, and of no message that there is not. */
static void take_marks(struct model *model, const struct agent_request *request)
{
	size_t first = request->number - 1;

	must(request->number > 0 && first % 8 == 0 && first < model->count);
	for (size_t n = 0; n < 8 * sizeof(request->marks); n++) {
		bool marked = request->marks[n / 8] & 1u << n % 8;

		must(!marked || first + n < model->count);
		if (first + n >= model->count)
			continue;
		model->marks[(first + n) / 8] &= (unsigned char)~(1u << n % 8);
		model->marks[(first + n) / 8] |= (unsigned char)(marked << n % 8);
	}
}

/* The messages behind the one that was asked for: each of the maildrop's, one behind the other, in
 * the file as it was then. */
static void check_next(const struct model *model, size_t number, const struct agent_reply *reply)
{
	uint64_t end = reply->range.offset + reply->range.length;

	must(reply->count <= AGENT_NEXT_MAX && number + reply->count <= model->count);
	for (size_t n = 0; n < reply->count; n++) {
		must(reply->next[n].offset > end);
		end = reply->next[n].offset + reply->next[n].length;
	}
	must(end <= reply->stamp.size);
}

static void check_success(struct model *model, const struct agent_request *request,
	const struct agent_reply *reply, int fd)
{
	bool wants_fd = request->op == AGENT_STAGE || request->op == AGENT_LIST ||
			request->op == AGENT_FETCH;

	must(wants_fd == (fd >= 0));
	if (request->op == AGENT_STAGE) {
		model->is_staged = true;
	} else if (request->op == AGENT_LOGIN) {
		must(strncasecmp(request->recipient, "alice", 5) == 0);
		must(strcmp(request->password, "secret") == 0);
		model->who = strcmp(request->service, "pop3") == 0 ? POP3 : SOMEBODY;
		model->is_staged = false;
	} else if (request->op == AGENT_OPEN) {
		must(reply->count >= MESSAGES && reply->count < 8 * sizeof(model->marks));
		model->count = reply->count;
		model->who = OPEN;
	} else if (request->op == AGENT_LIST) {
		must(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
		must(lseek(fd, 0, SEEK_END) == (off_t)(model->count * sizeof(struct agent_entry)));
		model->is_listed = true;
	} else if (request->op == AGENT_FETCH) {
		must((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
		must(request->number > 0 && request->number <= model->count);
		must(reply->range.length < 1 << 20);
		check_next(model, request->number, reply);
	} else if (request->op == AGENT_MARK) {
		take_marks(model, request);
	} else if (request->op == AGENT_UPDATE) {
		must(request->number == model->count);
		model->is_updated = true;
	}
}

static void follow(struct model *model, const struct packet *packet, int replies)
{
	struct agent_request request;
	struct agent_reply reply;
	int fd = -1;

	if (model->who == OVER)
		return;
	if (packet->len == 0 || !is_legal(model, packet)) {
		model->who = OVER;
		return;
	}
	memcpy(&request, packet->octets, sizeof(request));
	must(agent_wire_receive(replies, &reply, sizeof(reply), &fd) == 0);
	must(reply.op == request.op && reply.error <= 0);
	must(memchr(reply.why.text, 0, sizeof(reply.why.text)));
	must(memchr(reply.why.status, 0, sizeof(reply.why.status)));
	must(fuzz_is_printable(reply.why.text, strlen(reply.why.text), false));
	if (reply.error == 0)
		check_success(model, &request, &reply, fd);
	else
		must(fd < 0 && reply.why.class != WHY_NONE);
	if (request.op == AGENT_UPDATE ||
		((request.op == AGENT_OPEN || request.op == AGENT_MARK) && reply.error < 0) ||
		(request.op == AGENT_LOGIN && reply.error < 0 && ++model->failures == LOGINS))
		model->who = OVER;
	fd_close(&fd);
}

/* What was marked is gone when UPDATE has said so, and nothing else; without it all is there. */
static void check_mailbox(const struct model *model)
{
	struct fuzz_sink file = {0};
	struct mbox_table table;
	struct mbox_scan scan;
	size_t removed = 0;

	for (size_t i = 0; i < sizeof(model->marks) && model->is_updated; i++)
		removed += (size_t)__builtin_popcount(model->marks[i]);
	must(folder_get("mail/alice", &file));
	mbox_table_init(&table);
	mbox_scan_begin(&scan, &table);
	must(mbox_scan_feed(&scan, file.at, file.len) == 0 && mbox_scan_end(&scan) == 0);
	must(table.len + removed >= MESSAGES);
	must(!model->is_updated || table.len == model->count - removed);
	for (size_t n = 0; n < MESSAGES; n++) {
		bool is_left = memmem(file.at, file.len, texts[n], strlen(texts[n]));

		must(is_left == !(model->is_updated && model->marks[0] & 1u << n));
	}
	mbox_table_done(&table);
	fuzz_done(&file);
}

static void prepare(void)
{
	struct fuzz_sink mailbox = {0};

	folder_clear("mail");
	folder_clear("state");
	folder_clear("queue");
	folder_clear("tickets");
	for (size_t n = 0; n < MESSAGES; n++) {
		fuzz_add(&mailbox, FROM_LINE, strlen(FROM_LINE));
		fuzz_add(&mailbox, texts[n], strlen(texts[n]));
	}
	folder_put("mail/alice", mailbox.at, mailbox.len);
	fuzz_done(&mailbox);
}

/* Nobody reads the replies before all are there: they must fit. */
static void make_connection(int pair[static 2])
{
	const int octets = PACKETS_MAX * 2 * sizeof(struct agent_reply); /* the kernel doubles it */

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	must(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct packet packets[PACKETS_MAX];
	const struct agent_server server = {.conf = conf(), .event = take_event};
	struct model model = {.who = NOBODY};
	struct agent_reply more;
	struct fuzz fuzz;
	size_t count = 0;
	int pair[2];
	int fd = -1;
	int err;

	fuzz_init(&fuzz, data, size);
	prepare();
	make_connection(pair);
	while (fuzz.len > 0 && count < PACKETS_MAX) {
		struct packet *packet = &packets[count++];

		make_packet(&fuzz, packet);
		fd = packet->has_fd ? make_fd() : -1;
		must(agent_wire_send(pair[0], packet->octets, packet->len, fd) == 0);
		fd_close(&fd);
	}
	must(shutdown(pair[0], SHUT_WR) == 0);
	err = agent_serve(&server, pair[1]);
	must(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0); /* a reply that is missing is a failure */
	for (size_t i = 0; i < count; i++)
		follow(&model, &packets[i], pair[0]);
	close(pair[1]);
	for (int i = 0; i < 2; i++) /* that packets were not read is told first */
		must(agent_wire_receive(pair[0], &more, sizeof(more), &fd) < 0);
	must(err == 0 || err == -EPROTO);
	check_mailbox(&model);
	close(pair[0]);
	return 0;
}

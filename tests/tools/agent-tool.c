/*
 * agent-tool - speak to a spool-agent as a session does, and as no session ever would. For
 * tests/agent.bats.
 *
 *   usage: agent-tool --connect SOCKET | --spawn CONFIG | --spawn-pipe CONFIG [SERVICE]
 *
 * The last is as from a session whose peer holds a pipe. SERVICE: the channel is named, as a
 * session of that service's is. One request a line on standard input:
 *
 *   lookup ADDRESS            stage                     write TEXT (a line, into the staged file)
 *   deliver SENDER ADDRESS ID login USER PASSWORD [smtp]
 *   open                      fetch N                   update COUNT HEX
 *   ticket SERVICE            and print the key
 *   fill OCTETS               make the staged file so long
 *   remote TEXT               the address that later requests name
 *   time                      from now on say how many ms each reply took
 *   sleep MS                  wait
 *   size OCTETS               a packet of so many octets
 *   op NUMBER                 a request of that op, otherwise empty
 *   raw-login USER            a log-in whose password has no NUL
 *   fds COUNT OP              a request with so many fds beside it
 *   mark NUMBER OCTET HEX     a MARK with that in one octet
 *   list                      the open maildrop
 *   seals                     list, and say what can be done to the table
 *
 * "-" stands for an empty argument. A reply is one line; when the agent has hung up it is "gone",
 * and the rest is not read.
 */
#include "agent/agent_client.h"
#include "agent/agent_wire.h"
#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ARGS 6

struct tool {
	struct agent agent;
	int staged;
	size_t count; /* of messages in the open maildrop */
	bool timed;
};

static const char *arg(char **args, int n)
{
	if (!args[n])
		return "";
	return strcmp(args[n], "-") == 0 ? "" : args[n];
}

/* Returns err, so that a caller knows whether the agent is still there. */
static int say(
	const struct tool *tool, const char *what, int err, const struct why *why, int64_t began)
{
	static const char *const classes[] = {"none", "temp", "perm", "inuse", "auth"};

	if (err == -EPIPE)
		printf("gone");
	else if (err < 0)
		printf("%s %s %s %s", what, classes[why->class % 5], why->status, why->text);
	else
		printf("%s ok", what);
	if (tool->timed)
		printf(" ms=%lld", (long long)((clock_us() - began) / 1000));
	printf("\n");
	fflush(stdout);
	return err;
}

/* Send a request of our own making; the reply, if there is one, is told as any other. */
static int raw(struct tool *tool, const void *data, size_t len, int fd)
{
	struct agent_reply reply = {0};
	int64_t began = clock_us();
	int got = -1;
	int err = agent_wire_send(tool->agent.fd, data, len, fd);

	if (err == 0)
		err = agent_wire_receive(tool->agent.fd, &reply, sizeof(reply), &got);
	if (err == 0)
		fd_close(&got);
	return say(tool, "reply", err < 0 ? -EPIPE : reply.error, &reply.why, began);
}

static int send_fds(struct tool *tool, int count, uint32_t op)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct agent_request request = {.op = op};
	struct iovec iov = {.iov_base = &request, .iov_len = sizeof(request)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
	struct agent_reply reply = {0};
	int got = -1;
	int err;

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	for (int i = 0; i < count; i++)
		((int *)(void *)CMSG_DATA(&control.align))[i] = STDIN_FILENO;
	if (sendmsg(tool->agent.fd, &msg, MSG_NOSIGNAL) < 0)
		return say(tool, "fds", -EPIPE, &reply.why, 0);
	err = agent_wire_receive(tool->agent.fd, &reply, sizeof(reply), &got);
	return say(tool, "reply", err < 0 ? -EPIPE : reply.error, &reply.why, 0);
}

static int do_lookup(struct tool *tool, char **args)
{
	struct why why = {0};
	int64_t began = clock_us();

	return say(tool, "lookup", agent_lookup(&tool->agent, arg(args, 1), &why), &why, began);
}

static int do_stage(struct tool *tool, char **args)
{
	struct why why = {0};
	int64_t began = clock_us();

	(void)args;
	fd_close(&tool->staged);
	return say(tool, "stage", agent_stage(&tool->agent, &tool->staged, &why), &why, began);
}

static int do_write(struct tool *tool, char **args)
{
	for (int i = 1; args[i]; i++)
		dprintf(tool->staged, "%s%s", i > 1 ? " " : "", arg(args, i));
	dprintf(tool->staged, "\n");
	return 0;
}

static int do_fill(struct tool *tool, char **args)
{
	return ftruncate(tool->staged, atoll(arg(args, 1))) < 0 ? -errno : 0;
}

static int do_deliver(struct tool *tool, char **args)
{
	struct why why = {0};
	int64_t began = clock_us();
	int err = agent_deliver(&tool->agent, arg(args, 1), arg(args, 2), arg(args, 3), &why);

	return say(tool, "deliver", err, &why, began);
}

static int do_login(struct tool *tool, char **args)
{
	struct agent_login login = {
		.service = "pop3", .user = arg(args, 1), .password = arg(args, 2)};
	struct why why = {0};
	int64_t began = clock_us();

	if (args[3])
		login.service = args[3];
	return say(tool, "login", agent_login(&tool->agent, &login, &why), &why, began);
}

static int do_open(struct tool *tool, char **args)
{
	struct agent_maildrop drop = {0};
	struct why why = {0};
	int64_t began = clock_us();
	int err = agent_open_maildrop(&tool->agent, &drop, &why);

	(void)args;
	if (err == 0)
		printf("count=%zu octets=%llu ", drop.count, (unsigned long long)drop.octets);
	tool->count = drop.count;
	return say(tool, "open", err, &why, began);
}

static int do_list(struct tool *tool, char **args)
{
	struct agent_maildrop drop = {.count = tool->count};
	struct why why = {0};
	int64_t began = clock_us();
	int err = agent_list_maildrop(&tool->agent, &drop, &why);

	(void)args;
	for (size_t n = 0; err == 0 && n < drop.count; n++)
		printf("%zu %llu %s\n", n + 1, (unsigned long long)drop.entries[n].octets,
			drop.entries[n].uidl);
	agent_maildrop_done(&drop);
	return say(tool, "list", err, &why, began);
}

static int do_ticket(struct tool *tool, char **args)
{
	unsigned char key[AGENT_TICKET_SIZE];
	struct why why = {0};
	int64_t began = clock_us();
	int err = agent_ticket_key(&tool->agent, arg(args, 1), key, &why);

	for (size_t i = 0; err == 0 && i < sizeof(key); i++)
		printf("%02x%s", key[i], i + 1 < sizeof(key) ? "" : " ");
	return say(tool, "ticket", err, &why, began);
}

static int do_seals(struct tool *tool, char **args)
{
	struct agent_request request = {.op = AGENT_LIST};
	struct agent_reply reply = {0};
	char octet = 0;
	int fd = -1;
	int err = agent_wire_send(tool->agent.fd, &request, sizeof(request), -1);

	(void)args;
	if (err == 0)
		err = agent_wire_receive(tool->agent.fd, &reply, sizeof(reply), &fd);
	if (err < 0 || fd < 0)
		return say(tool, "seals", -EPIPE, NULL, 0);
	printf("write=%d", (int)pwrite(fd, &octet, 1, 0));
	printf(" grow=%d", ftruncate(fd, 1 << 20));
	printf(" shrink=%d", ftruncate(fd, 0));
	printf(" map=%s",
		mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? "no" : "yes");
	printf(" unseal=%d\n", fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	fflush(stdout);
	return 0;
}

/* The message, and how many more the agent has told of: of these, what lies where it says. */
static void show(const struct agent_run *run)
{
	for (size_t n = 0; n < run->count; n++) {
		char text[4096];
		size_t len = run->at[n].length < sizeof(text) ? run->at[n].length : sizeof(text);
		ssize_t got = fd_pread(run->fd, text, len, run->at[n].offset);

		printf("%s%.*s", n > 0 ? "next " : "", got < 0 ? 0 : (int)got, text);
	}
}

static int do_fetch(struct tool *tool, char **args)
{
	struct agent_run run = {.fd = -1};
	struct why why = {0};
	int64_t began = clock_us();
	int err = agent_fetch(&tool->agent, strtoul(arg(args, 1), NULL, 10), &run, &why);

	if (err == 0) {
		printf("mode=%d writable=%s\n", fcntl(run.fd, F_GETFL) & O_ACCMODE,
			write(run.fd, "x", 1) < 0 ? "no" : "yes");
		show(&run);
		fd_close(&run.fd);
	}
	return say(tool, "fetch", err, &why, began);
}

static int do_update(struct tool *tool, char **args)
{
	static unsigned char bitmap[65536];
	const char *hex = arg(args, 2);
	size_t count = strtoul(arg(args, 1), NULL, 10);
	struct why why = {0};
	int64_t began = clock_us();

	memset(bitmap, 0, sizeof(bitmap));
	for (size_t i = 0; i < sizeof(bitmap) && hex[2 * i] && hex[2 * i + 1]; i++) {
		char octet[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		bitmap[i] = (unsigned char)strtoul(octet, NULL, 16);
	}
	return say(tool, "update", agent_update(&tool->agent, bitmap, count, &why), &why, began);
}

static int do_mark(struct tool *tool, char **args)
{
	struct agent_request request = {
		.op = AGENT_MARK, .number = (uint32_t)strtoul(arg(args, 1), NULL, 10)};
	size_t at = strtoul(arg(args, 2), NULL, 10);

	request.marks[at % sizeof(request.marks)] = (unsigned char)strtoul(arg(args, 3), NULL, 16);
	return raw(tool, &request, sizeof(request), -1);
}

static int do_time(struct tool *tool, char **args)
{
	(void)args;
	tool->timed = true;
	return 0;
}

static int do_sleep(struct tool *tool, char **args)
{
	(void)tool;
	usleep((useconds_t)atoi(arg(args, 1)) * 1000);
	return 0;
}

static int do_remote(struct tool *tool, char **args)
{
	snprintf(tool->agent.remote, sizeof(tool->agent.remote), "%s", arg(args, 1));
	return 0;
}

static int do_size(struct tool *tool, char **args)
{
	static const char zeros[65536];

	return raw(tool, zeros, (size_t)atoi(arg(args, 1)), -1);
}

static int do_op(struct tool *tool, char **args)
{
	struct agent_request request = {.op = (uint32_t)strtoul(arg(args, 1), NULL, 10)};

	return raw(tool, &request, sizeof(request), -1);
}

static int do_raw_login(struct tool *tool, char **args)
{
	struct agent_request request = {.op = AGENT_LOGIN};

	snprintf(request.recipient, sizeof(request.recipient), "%s", arg(args, 1));
	memset(request.password, 'a', sizeof(request.password));
	return raw(tool, &request, sizeof(request), -1);
}

static int do_fds(struct tool *tool, char **args)
{
	int count = atoi(arg(args, 1));

	return send_fds(tool, count > 8 ? 8 : count, (uint32_t)atoi(arg(args, 2)));
}

static const struct {
	const char *name;
	int (*run)(struct tool *tool, char **args);
} commands[] = {
	{"lookup", do_lookup},
	{"stage", do_stage},
	{"write", do_write},
	{"fill", do_fill},
	{"deliver", do_deliver},
	{"login", do_login},
	{"open", do_open},
	{"list", do_list},
	{"ticket", do_ticket},
	{"seals", do_seals},
	{"fetch", do_fetch},
	{"update", do_update},
	{"mark", do_mark},
	{"time", do_time},
	{"sleep", do_sleep},
	{"remote", do_remote},
	{"size", do_size},
	{"op", do_op},
	{"raw-login", do_raw_login},
	{"fds", do_fds},
};

static int run_line(struct tool *tool, char *line)
{
	char *args[64] = {0};
	int count = 0;

	for (char *word = strtok(line, " \n"); word && count < 63; word = strtok(NULL, " \n"))
		args[count++] = word;
	if (count == 0)
		return 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, args[0]) == 0)
			return commands[i].run(tool, args);
	}
	fprintf(stderr, "agent-tool: what is \"%s\"?\n", args[0]);
	exit(2);
}

int main(int argc, char **argv)
{
	struct tool tool = {.staged = -1};
	struct why why;
	char line[4096];
	bool pipe = argc >= 3 && strcmp(argv[1], "--spawn-pipe") == 0;
	bool spawn = argc >= 3 && (pipe || strcmp(argv[1], "--spawn") == 0);
	struct agent_peer peer = {.session = "testsession", .remote = "192.0.2.7", .pipe = pipe};
	int err;

	if (argc < 3 || argc > 4)
		return 2;
	peer.service = argc == 4 ? argv[3] : NULL;
	err = agent_open_channel(
		&tool.agent, spawn ? NULL : argv[2], spawn ? argv[2] : NULL, &peer, &why);
	if (err < 0) {
		printf("no channel: %s\n", why.text);
		return 1;
	}
	while (err != -EPIPE && fgets(line, sizeof(line), stdin))
		err = run_line(&tool, line);
	fd_close(&tool.staged);
	agent_close_channel(&tool.agent);
	return 0;
}

/*
 * agent_spawn - see agent_spawn.h.
 *
 * Called before the session has read an octet of its peer's. The agent gets the channel as fd 0,
 * somewhere to log, and nothing else of the session's: not its connection (under inetd also fd 1
 * and 2: the peer would not see the end of the session while the agent lives), nor what names the
 * peer in the environment.
 *
 * Many connections never ask for anything: they greet and go, or talk TLS and fail. So the child
 * only waits, in this program's memory, which costs next to nothing, and becomes the agent by exec
 * when the first request lies in the channel. It reads nothing: what waits is the agent's to read.
 */
#include "agent/agent_spawn.h"

#include "base/fd.h"
#include "base/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "spool-agent"

extern char **environ;

/* The agent beside this program (a build or unpacked tree), else where `make install` puts it. */
static int find_program(char out[static PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - sizeof(PROGRAM) - 1);
	char *slash;

	if (len > 0) {
		out[len] = '\0';
		slash = strrchr(out, '/');
		if (slash) {
			memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
			if (access(out, X_OK) == 0)
				return 0;
		}
	}
	snprintf(out, PATH_MAX, "%s", PILLARBOX_LIBEXECDIR "/" PROGRAM);
	return access(out, X_OK) == 0 ? 0 : -errno;
}

/* In place, in the child alone: what inetd, tcpserver and systemd told about the session's own
 * connection. */
static void clean_environment(void)
{
	static const char *const prefixes[] = {"TCP", "REMOTE_", "LISTEN_"};
	char **out = environ;

	for (char **in = environ; in && *in; in++) {
		bool drop = false;

		for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
			drop |= strncmp(*in, prefixes[i], strlen(prefixes[i])) == 0;
		if (!drop)
			*out++ = *in;
	}
	if (environ)
		*out = NULL;
}

/* stderr stays unless it is a socket other than the journal's: then it is the peer. Closed means
 * syslog. */
static void drop_peer_stderr(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISSOCK(st.st_mode) && !sysd_is_journal(&st))
		close(STDERR_FILENO);
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

#define MOST_ARGUMENTS (128 << 10) /* octets; Linux's limit on one argument */

/*
 * What ps(1) shows: who sees a process of root's wants to know which one it is. The command line is
 * written over with the one that the agent will have (but for --pipe), as far as the octets up to
 * config_path's end, which is an argument itself, leave room for it.
 */
static void take_name(const char *config_path)
{
	char *begin = program_invocation_name;
	size_t room = strlen(begin);
	uintptr_t distance = (uintptr_t)config_path - (uintptr_t)begin;
	char line[PATH_MAX + 32];
	int len = snprintf(line, sizeof(line), PROGRAM "%c--config%c%s", '\0', '\0',
		config_path ? config_path : "");

	if (!config_path || distance >= MOST_ARGUMENTS)
		len = sizeof(PROGRAM);
	else
		room = distance + strlen(config_path);
	(void)prctl(PR_SET_NAME, PROGRAM);
	memset(begin, '\0', room);
	memcpy(begin, line, (size_t)len < room ? (size_t)len : room);
}

/* Until there is a request on fd 0. False: the session is gone and never asked. */
static bool await_request(void)
{
	struct pollfd channel = {.fd = STDIN_FILENO, .events = POLLIN};

	while (poll(&channel, 1, -1) < 0) {
		if (errno != EINTR)
			return false;
	}
	return channel.revents & POLLIN && recv(STDIN_FILENO, NULL, 0, MSG_PEEK | MSG_TRUNC) > 0;
}

__attribute__((noreturn)) static void become_agent(
	const char *program, const char *config_path, bool pipe, int channel)
{
	char name[] = PROGRAM;
	char pipe_flag[] = "--pipe";
	char flag[] = "--config";
	char path[PATH_MAX];
	char *args[5] = {name};
	size_t count = 1;
	int null;

	snprintf(path, sizeof(path), "%s", config_path ? config_path : "");
	if (config_path) {
		args[count++] = flag;
		args[count++] = path;
	}
	if (pipe)
		args[count++] = pipe_flag;
	reset_signals();
	if (dup2(channel, STDIN_FILENO) < 0 || fcntl(STDIN_FILENO, F_SETFD, 0) < 0)
		_exit(126);
	drop_peer_stderr();
	null = open("/dev/null", O_RDWR);
	if (null < 0 || (null != STDOUT_FILENO && dup2(null, STDOUT_FILENO) < 0))
		_exit(126);
	if (null == STDERR_FILENO)
		close(null);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	take_name(config_path);
	if (!await_request())
		_exit(0);
	clean_environment();
	execv(program, args);
	_exit(127);
}

int agent_spawn(const char *config_path, bool pipe, int *fd, struct why *why)
{
	char program[PATH_MAX];
	int pair[2];
	pid_t pid;
	int err = find_program(program);

	if (err < 0)
		return why_errno(why, -err, program, "find");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return why_errno(why, errno, PROGRAM, "socketpair");
	pid = fork();
	if (pid == 0)
		become_agent(program, config_path, pipe, pair[1]);
	if (pid < 0)
		err = why_errno(why, errno, PROGRAM, "fork");
	fd_close(&pair[1]);
	if (err < 0) {
		fd_close(&pair[0]);
		return err;
	}
	*fd = pair[0];
	return 0;
}

/*
 * serve - see serve.h.
 *
 * A listening process parses nothing: it accepts, counts, forks. A child has the connection as its
 * fd 0 and 1, as under inetd, so the session's code is the same in every case. Children are counted
 * when they end; the signal that says so only wakes the poll. A service on demand has its silent
 * connections polled beside the listening sockets.
 */
#include "io/serve.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/systemd.h"
#include "io/peer.h"
#include "io/refusals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define BACKLOG 1024

struct child {
	pid_t pid;
	char source[PEER_ADDRESS_SIZE];
};

struct listener {
	const struct serve *serve;
	struct pollfd *polls; /* socket_count that listen, then `silent` connections */
	size_t socket_count;
	size_t silent;
	struct child *children; /* count are in use; count + silent are max at the most */
	size_t count;
	size_t max;
	int64_t idle_since;
	struct refusals refusals;
};

static volatile sig_atomic_t told_to_end;

static void wake(int signal)
{
	if (signal == SIGTERM)
		told_to_end = 1;
}

/* It has no more to say for itself if it was killed. */
static void bury(struct listener *listener, struct child *child, int status)
{
	const struct serve *serve = listener->serve;

	if (WIFSIGNALED(status) && serve->killed)
		serve->killed(serve->context, child->source, child->pid, WTERMSIG(status));
	*child = listener->children[--listener->count];
}

static void reap(struct listener *listener)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < listener->count; i++) {
			if (listener->children[i].pid == pid) {
				bury(listener, &listener->children[i], status);
				break;
			}
		}
		listener->idle_since = clock_ms();
	}
}

static bool is_over_limit(const struct listener *listener, const char *source)
{
	uint64_t same = 0;

	if (listener->serve->per_source == 0)
		return false;
	for (size_t i = 0; i < listener->count; i++)
		same += strcmp(listener->children[i].source, source) == 0;
	return same >= listener->serve->per_source;
}

/* The reply must not be lost to a reset: say it, end our side, and leave the rest to the kernel. */
static void refuse(
	struct listener *listener, int connection, const char *source, const char *address)
{
	char rest[4096];
	const char *text = listener->serve->refusal;

	refusals_add(&listener->refusals, source, address, clock_ms());
	if (!text)
		return;
	(void)send(connection, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(connection, SHUT_WR);
	(void)recv(connection, rest, sizeof(rest), MSG_DONTWAIT);
}

/* In the child: the connection becomes fd 0 and 1, all else of the listener's is closed. */
static int run_child(const struct listener *listener, int connection)
{
	sigset_t none;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(connection, STDIN_FILENO) < 0 || dup2(connection, STDOUT_FILENO) < 0)
		return EX_OSERR;
	/* inetd's `wait`: with that a session could shut the service down for all. */
	if (fd_is_listening(STDERR_FILENO) && dup2(connection, STDERR_FILENO) < 0)
		return EX_OSERR;
	if (connection > STDERR_FILENO)
		close(connection);
	for (size_t i = 0; i < listener->socket_count + listener->silent; i++) {
		if (listener->polls[i].fd > STDERR_FILENO)
			close(listener->polls[i].fd);
	}
	return listener->serve->session(listener->serve->context, STDIN_FILENO, STDOUT_FILENO);
}

static void start_child(struct listener *listener, int connection)
{
	struct child *child = &listener->children[listener->count];
	struct peer peer;

	peer_learn(&peer, connection, connection);
	peer_source(peer.address, child->source);
	if (is_over_limit(listener, child->source)) {
		refuse(listener, connection, child->source, peer.address);
		return;
	}
	child->pid = fork();
	/* Not exit(): the listener has GnuTLS loaded, which would tidy up for longer than the rest
	 * of a short session takes. */
	if (child->pid == 0)
		_exit(run_child(listener, connection));
	if (child->pid > 0)
		listener->count++;
	else
		refuse(listener, connection, child->source, peer.address);
}

static int accept_one(struct listener *listener, int socket)
{
	int connection = accept4(socket, NULL, NULL, SOCK_CLOEXEC);

	if (connection < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			clock_sleep_jitter(100000);
		return errno == EBADF || errno == EINVAL || errno == ENOTSOCK ? -errno : 0;
	}
	listener->idle_since = clock_ms();
	if (listener->serve->on_demand) {
		listener->polls[listener->socket_count + listener->silent++] =
			(struct pollfd){.fd = connection, .events = POLLIN};
		return 0;
	}
	start_child(listener, connection);
	close(connection);
	return 0;
}

/* The silent connection at `place` has a child from now on, or is closed. */
static void end_silence(struct listener *listener, struct pollfd *place, bool serve)
{
	int connection = place->fd;

	*place = listener->polls[listener->socket_count + --listener->silent];
	if (serve)
		start_child(listener, connection);
	close(connection);
	listener->idle_since = clock_ms();
}

/* Has it spoken? One that is ready and has not was hung up. */
static bool has_spoken(int connection)
{
	return recv(connection, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT) > 0;
}

static void serve_ready(struct listener *listener)
{
	for (size_t i = listener->silent; i-- > 0;) {
		struct pollfd *place = &listener->polls[listener->socket_count + i];

		if (place->revents)
			end_silence(listener, place, has_spoken(place->fd));
	}
}

static void serve_all(struct listener *listener)
{
	while (listener->silent > 0)
		end_silence(listener, &listener->polls[listener->socket_count], true);
}

static bool is_full(const struct listener *listener)
{
	return listener->count + listener->silent >= listener->max;
}

static bool may_go_on(const struct listener *listener)
{
	return !listener->serve->may_go_on || listener->serve->may_go_on(listener->serve->context);
}

/* -1 to go on, or an exit status. */
static int accept_ready(struct listener *listener)
{
	for (size_t i = 0; i < listener->socket_count; i++) {
		if (!listener->polls[i].revents || is_full(listener))
			continue;
		if (!may_go_on(listener))
			return EX_OK;
		if (accept_one(listener, listener->polls[i].fd) < 0)
			return EX_OSERR;
	}
	return -1;
}

/* Milliseconds until everybody has been gone for long enough; with anybody there, just long. */
static int64_t idle_left(const struct listener *listener)
{
	int64_t left =
		listener->idle_since + (int64_t)listener->serve->idle_seconds * 1000 - clock_ms();

	if (listener->count + listener->silent > 0)
		return 60000;
	return left > 0 ? left : 0;
}

/* Wait until somebody is there or has gone, until the signal to end, or until there is something
 * else to do: to end, or to tell of those who were turned away. */
static int await(struct listener *listener, const sigset_t *unblocked)
{
	int64_t idle = idle_left(listener);
	int64_t untold = refusals_left(&listener->refusals, clock_ms());
	int64_t left = untold < idle ? untold : idle;
	struct timespec wait = {left / 1000, left % 1000 * 1000000};

	for (size_t i = 0; i < listener->socket_count; i++)
		listener->polls[i].events = is_full(listener) ? 0 : POLLIN; /* the backlog waits */
	return ppoll(listener->polls, listener->socket_count + listener->silent, &wait, unblocked);
}

static int listen_loop(struct listener *listener, const sigset_t *unblocked)
{
	int status = -1;

	while (status < 0 && !told_to_end) {
		int n;

		reap(listener);
		n = await(listener, unblocked);
		refusals_tell(&listener->refusals, clock_ms());
		if (n > 0) {
			serve_ready(listener);
			status = accept_ready(listener);
		} else if (n == 0 && idle_left(listener) == 0) {
			status = EX_OK;
		}
	}
	serve_all(listener);
	refusals_end(&listener->refusals);
	return status < 0 ? EX_OK : status;
}

static void add_socket(struct listener *listener, int fd)
{
	listener->polls[listener->socket_count++] = (struct pollfd){.fd = fd};
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	(void)listen(fd, BACKLOG); /* again, for those who passed a short queue; inetd's is 64 */
}

/* SIGCHLD and SIGTERM end the wait and nothing else: whoever is told to end has something to do
 * before. */
static void catch_signals(sigset_t *unblocked)
{
	struct sigaction action = {.sa_handler = wake};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, unblocked);
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int listen_on(struct listener *listener, int first, int count)
{
	sigset_t unblocked;

	for (int i = 0; i < count; i++)
		add_socket(listener, first + i);
	clock_keep_zone(); /* once, instead of in each child */
	catch_signals(&unblocked);
	return listen_loop(listener, &unblocked);
}

/* `count` listening sockets from `first` on. */
static int serve_listening(const struct serve *serve, int first, int count)
{
	struct listener listener = {.serve = serve,
		.idle_since = clock_ms(),
		.refusals = {.tell = serve->turned_away, .context = serve->context}};
	int status = EX_OSERR;

	listener.max = serve->connections ? serve->connections : 1024;
	listener.children = calloc(listener.max, sizeof(*listener.children));
	listener.polls = calloc(listener.max + (size_t)count, sizeof(*listener.polls));
	if (listener.children && listener.polls)
		status = listen_on(&listener, first, count);
	free(listener.polls);
	free(listener.children);
	return status;
}

int serve(const struct serve *serve)
{
	int passed = sysd_listen_fds();
	int in = passed > 0 ? SYSD_FIRST_FD : STDIN_FILENO;
	int out = passed > 0 ? in : STDOUT_FILENO;

	if (passed < 0)
		return EX_UNAVAILABLE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
	if (fd_is_listening(in))
		return serve_listening(serve, in, passed > 0 ? passed : 1);
	if (passed == 0 && fd_is_socket(in))
		out = in;
	return serve->session(serve->context, in, out);
}

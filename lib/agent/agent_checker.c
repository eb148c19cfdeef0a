/*
 * agent_checker - see agent_checker.h.
 *
 * PAM modules leak, keep files open and may crash; whatever they do ends with this child. What it
 * says is one struct of a fixed size, and is checked, since the memory it comes from had strangers
 * in it.
 *
 * System calls of the monitor: socketpair, fork, poll, recvmsg, kill (this child alone), waitpid,
 * close. Of the child: prctl (PDEATHSIG), whatever PAM needs, sendto.
 */
#include "agent/agent_checker.h"

#include "agent/agent_wire.h"
#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_MS 60000

struct result {
	int32_t error;
	struct why why;
	struct account account;
};

struct checker {
	pid_t pid;
	int pair;
};

static bool is_text(const char *field, size_t size)
{
	return memchr(field, '\0', size) != NULL;
}

static bool is_sound(const struct result *result)
{
	const struct account *account = &result->account;

	return result->error <= 0 && is_text(result->why.status, sizeof(result->why.status)) &&
	       is_text(result->why.text, sizeof(result->why.text)) &&
	       is_text(account->name, sizeof(account->name)) &&
	       is_text(account->domain, sizeof(account->domain)) &&
	       is_text(account->home, sizeof(account->home)) &&
	       is_text(account->location, sizeof(account->location)) &&
	       is_text(account->key, sizeof(account->key)) &&
	       (result->error < 0 ||
		       (account->uid != 0 && account_name_ok(account->name) &&
			       strchr(account->location, '/') && !strchr(account->key, '/')));
}

/* Wait for the child to say something. -ETIMEDOUT, or -EPIPE: nobody is interested any more. */
static int await(const struct checker *checker, int connection)
{
	struct pollfd polls[2] = {{.fd = checker->pair, .events = POLLIN}, {.fd = connection}};
	int64_t deadline = clock_ms() + MOST_MS;

	for (;;) {
		int64_t left = deadline - clock_ms();
		int n = left > 0 ? poll(polls, 2, (int)left) : 0;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (left <= 0)
			return -ETIMEDOUT;
		if (n > 0)
			return polls[0].revents ? 0 : -EPIPE;
	}
}

static int receive(const struct checker *checker, int connection, struct result *result)
{
	int fd = -1;
	int err = await(checker, connection);

	if (err == 0)
		err = agent_wire_receive(checker->pair, result, sizeof(*result), &fd);
	if (err < 0)
		return err;
	fd_close(&fd);
	return is_sound(result) ? 0 : -EPROTO;
}

static void end(struct checker *checker)
{
	fd_close(&checker->pair);
	kill(checker->pid, SIGKILL);
	while (waitpid(checker->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int agent_checker_run(const struct conf *conf, const struct account_credentials *credentials,
	int connection, struct account *out, void (*note)(void *context, const char *text),
	void *context, struct why *why)
{
	struct result result = {0};
	struct checker checker;
	int pair[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return why_errno(why, errno, "log-in", "socketpair");
	checker.pid = fork();
	if (checker.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		result.error = account_login(
			conf, credentials, &result.account, note, context, &result.why);
		(void)agent_wire_send(pair[1], &result, sizeof(result), -1);
		_exit(0);
	}
	err = checker.pid < 0 ? -errno : 0;
	fd_close(&pair[1]);
	checker.pair = pair[0];
	if (err < 0) {
		fd_close(&checker.pair);
		return why_errno(why, -err, "log-in", "fork");
	}
	err = receive(&checker, connection, &result);
	end(&checker);
	if (err < 0) /* -EPIPE is for the connection to a session alone */
		return why_set(why, EIO, WHY_TEMP, "4.3.0", "the log-in could not be checked: %s",
			strerror(-err));
	if (result.error < 0)
		*why = result.why;
	else
		*out = result.account;
	return result.error;
}

/*
 * agent_end - see agent_end.h.
 *
 * The agent's unit has no CAP_KILL, so that no monitor can ever signal a stranger's process.
 * Without it kill(2) compares user ids: the sender's real or effective one has to be the target's
 * real or saved one. A monitor (0, 0, 0) reaches its child before that has become its user; after
 * that (uid, uid, uid) it has to lend itself the user's id, for which CAP_SETUID is enough:
 *
 *   - only the effective one. Who would signal, stop or trace the monitor needs its real or saved
 *     id (for ptrace all three), and these stay 0. So the user, who may do all that to the child,
 * can do none of it to the monitor, at no moment. A throw-away process that became the user would
 *     be at the user's mercy, and had to be waited for with a deadline of its own;
 *   - the kernel takes the effective capabilities away together with the effective id 0, and gives
 *     back what is permitted as it comes back (capabilities(7)), since neither the real nor the
 *     saved id ever changes. No securebit of that is set by us;
 *   - between the two there is one system call, which opens nothing: the id for files, which
 * follows the effective one, is not used. What the user could do meanwhile is to make the monitor
 * run with a lower priority (setpriority(2) compares the effective id): it then serves one session
 *     more slowly;
 *   - pid is a child's that was not waited for, so it can't be anybody else's.
 *
 * SIGKILL ends stopped processes, too. It does not end one that is asleep in the kernel for good
 * (a dead NFS server, or the user's own FUSE): so no wait is without an end here.
 *
 * System calls: kill, setresuid (the C library's seteuid), pidfd_open, poll, waitpid, close,
 * clock_gettime.
 */
#include "agent/agent_end.h"

#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_MS  2000 /* of a process that has nothing left to do but exit */
#define KILL_MS 5000 /* of one that may be in the middle of a large write */

/* A child that is none of ours (any more) has ended. */
static bool is_reaped(pid_t pid)
{
	pid_t found;

	do {
		found = waitpid(pid, NULL, WNOHANG);
	} while (found < 0 && errno == EINTR);
	return found != 0;
}

static int reap_within(pid_t pid, int64_t ms)
{
	int64_t deadline = clock_ms() + ms;
	int fd;

	if (is_reaped(pid))
		return 0;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd end = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - clock_ms();

		if (left <= 0 || (poll(&end, 1, (int)left) < 0 && errno != EINTR) || end.revents)
			break;
	}
	fd_close(&fd);
	return is_reaped(pid) ? 0 : -ETIMEDOUT;
}

/* A monitor that could not come back would be neither root nor a user: it ends, at once. */
static int kill_as(pid_t pid, uid_t uid)
{
	uid_t own = geteuid();
	int err;

	if (seteuid(uid) < 0)
		return -errno;
	err = kill(pid, SIGKILL) < 0 ? -errno : 0;
	if (seteuid(own) < 0)
		abort();
	return err;
}

int agent_end_await(pid_t pid)
{
	return reap_within(pid, END_MS);
}

int agent_end_kill(pid_t pid, uid_t uid)
{
	int err = kill(pid, SIGKILL) < 0 ? -errno : 0;

	if (err == -EPERM)
		err = kill_as(pid, uid);
	return err < 0 ? err : reap_within(pid, KILL_MS);
}

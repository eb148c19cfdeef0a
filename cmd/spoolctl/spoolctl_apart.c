/*
 * spoolctl_apart - a mailbox of several in a process of its own: who has become one user can't
 * become another.
 *
 * By then that process is the user's, who may kill it, or stop it, and root has others to look
 * after. So one that was stopped is killed. A terminal's user who stops the command means the
 * parent; the child ends what it has in hand meanwhile.
 */
#include "spoolctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static int await(pid_t pid, const char *name)
{
	char text[100];
	int status;

	do {
		while (waitpid(pid, &status, geteuid() == 0 ? WUNTRACED : 0) < 0) {
			if (errno != EINTR)
				return spoolctl_refuse(EX_OSERR, name, strerror(errno));
		}
		if (WIFSTOPPED(status))
			kill(pid, SIGKILL);
	} while (WIFSTOPPED(status));
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	snprintf(text, sizeof(text), "its process was killed: signal %d", WTERMSIG(status));
	return spoolctl_refuse(EX_SOFTWARE, name, text);
}

int spoolctl_apart(int (*work)(void *context, const char *name), void *context, const char *name)
{
	pid_t pid = fork();

	if (pid < 0)
		return spoolctl_refuse(EX_OSERR, "fork", strerror(errno));
	if (pid > 0)
		return await(pid, name);
	if (geteuid() == 0) {
		signal(SIGTSTP, SIG_IGN);
		signal(SIGTTIN, SIG_IGN);
		signal(SIGTTOU, SIG_IGN);
	}
	exit(work(context, name));
}

/*
 * spoolctl_helper - a child that stays root while its parent has become a mailbox's owner, for what
 * only root may do in a folder such as /var/mail: that mailbox's dotlock (agent_spool_helper.h).
 *
 * Its parent has read what a user has written by the time that it asks. So all that can be asked is
 * one octet, and all that can be answered one number; the name is fixed before. When the parent is
 * gone, whatever ended it, the dotlock goes, and the child.
 */
#include "agent/agent_spool_helper.h"
#include "spoolctl.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum question { TAKE = 't', RELEASE = 'r' };

static void serve(int channel, const struct account *account)
{
	struct agent_spool_helper helper;
	char question;

	agent_spool_helper_init(&helper, account);
	while (recv(channel, &question, sizeof(question), 0) == sizeof(question)) {
		int answer = question == TAKE ? agent_spool_helper_take(&helper)
					      : agent_spool_helper_release(&helper);

		if (send(channel, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			break;
	}
	agent_spool_helper_done(&helper);
}

/* Who interrupts the command means the parent, too; then there is a dotlock to be removed. */
static void be_child(int channel, const struct account *account)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	serve(channel, account);
	_exit(0);
}

static int ask(const struct spoolctl_mailbox *mailbox, enum question question)
{
	char octet = (char)question;
	int answer;

	if (send(mailbox->helper_channel, &octet, sizeof(octet), MSG_NOSIGNAL) != sizeof(octet) ||
		recv(mailbox->helper_channel, &answer, sizeof(answer), 0) != sizeof(answer))
		return -EPIPE;
	return answer;
}

static int take(void *context)
{
	return ask(context, TAKE);
}

static int release(void *context)
{
	return ask(context, RELEASE);
}

int spoolctl_helper_start(struct spoolctl_mailbox *mailbox, const struct account *account)
{
	int channels[2];
	pid_t pid;

	if (geteuid() != 0)
		return 0; /* who can't help */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channels) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(channels[0]);
		be_child(channels[1], account);
	}
	close(channels[1]);
	if (pid < 0) {
		close(channels[0]);
		return -EAGAIN;
	}
	mailbox->helper_channel = channels[0];
	mailbox->helper = (struct spool_helper){
		.dotlock_take = take, .dotlock_release = release, .context = mailbox};
	return 0;
}

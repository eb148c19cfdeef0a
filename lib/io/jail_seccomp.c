/* jail_seccomp - see jail_seccomp.h. No libseccomp here: the programs are ready-made. */
#include "io/jail_seccomp.h"

#include "io/jail_filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int load(struct sock_filter *program, size_t count, struct why *why)
{
	struct sock_fprog filter = {.len = (unsigned short)count, .filter = program};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0)
		return 0;
	/* Built without filters, without any of it, or a container's host that won't have it. */
	if (errno == EINVAL || errno == ENOSYS || errno == EPERM)
		return -ENOSYS;
	return why_errno(why, errno, "jail", "seccomp");
}

static void put_fds(struct sock_filter *program, size_t count, const struct jail_fds *fds)
{
	for (size_t i = 0; i < count; i++) {
		if (BPF_CLASS(program[i].code) != BPF_JMP)
			continue;
		if (program[i].k == JAIL_CHANNEL)
			program[i].k = (uint32_t)fds->channel;
		else if (program[i].k == JAIL_CONNECTION)
			program[i].k = (uint32_t)fds->connection;
	}
}

int jail_seccomp_enter(const struct jail_fds *fds, bool may_load, struct why *why)
{
	struct sock_filter loading[COUNT(jail_filter_loading)];
	struct sock_filter inside[COUNT(jail_filter_inside)];

	if (may_load) {
		memcpy(loading, jail_filter_loading, sizeof(loading));
		put_fds(loading, COUNT(loading), fds);
		return load(loading, COUNT(loading), why);
	}
	memcpy(inside, jail_filter_inside, sizeof(inside));
	put_fds(inside, COUNT(inside), fds);
	return load(inside, COUNT(inside), why);
}

int jail_seccomp_seal(struct why *why)
{
	struct sock_filter seal[COUNT(jail_filter_seal)];

	memcpy(seal, jail_filter_seal, sizeof(seal));
	return load(seal, COUNT(seal), why);
}

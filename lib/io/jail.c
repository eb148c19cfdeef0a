/*
 * jail - see jail.h. The order matters: groups before the user (afterwards there is no right to
 * change them), ids before no_new_privs (which must not be a reason to fail), limits behind the
 * ids, since a limit on processes counts those of the new user; Landlock before seccomp, which
 * forbids it.
 */
#include "io/jail.h"

#include "base/clock.h"
#include "base/fd.h"
#include "io/jail_landlock.h"
#include "io/jail_seccomp.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The process is in for good: a fact about it as its ids are. */
static bool is_sealed;

static int become(const struct passwd *pw, struct why *why)
{
	uid_t uid[3];
	gid_t gid[3];

	if (pw->pw_uid == 0)
		return why_set(why, EPERM, WHY_TEMP, "4.3.5", "user %s is root", pw->pw_name);
	if (setgroups(0, NULL) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return why_errno(why, errno, pw->pw_name, "become");
	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0 ||
		uid[0] != pw->pw_uid || uid[1] != pw->pw_uid || uid[2] != pw->pw_uid ||
		gid[0] != pw->pw_gid || gid[1] != pw->pw_gid || gid[2] != pw->pw_gid)
		return why_set(why, EPERM, WHY_TEMP, "4.3.0", "did not become %s", pw->pw_name);
	return 0;
}

static int drop_ids(const struct jail *jail, bool *fallback, struct why *why)
{
	const struct passwd *pw = getpwnam(jail->user);

	if (!pw && !jail->named) {
		*fallback = true;
		pw = getpwnam("nobody");
	}
	if (!pw)
		return why_set(why, ENOENT, WHY_TEMP, "4.3.5", "there is no user %s to become",
			jail->user);
	return become(pw, why);
}

/* An ordinary user's process may have been given some (ambient ones outlive the start). */
static int drop_capabilities(struct why *why)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, sets) < 0)
		return why_errno(why, errno, "jail", "capget");
	if (!(sets[0].permitted | sets[1].permitted | sets[0].inheritable | sets[1].inheritable))
		return 0;
	memset(sets, 0, sizeof(sets));
	if (syscall(SYS_capset, &header, sets) < 0)
		return why_errno(why, errno, "jail", "capset");
	return 0;
}

static bool is_file(int fd)
{
	struct stat st;

	return fd_stat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int limit(__rlimit_resource_t resource, uint64_t most, struct why *why)
{
	struct rlimit rlimit;

	if (getrlimit(resource, &rlimit) < 0)
		return why_errno(why, errno, "jail", "getrlimit");
	if (rlimit.rlim_max < most)
		most = rlimit.rlim_max;
	rlimit.rlim_cur = most;
	rlimit.rlim_max = most;
	if (setrlimit(resource, &rlimit) < 0)
		return why_errno(why, errno, "jail", "setrlimit");
	return 0;
}

static int set_limits(const struct jail *jail, struct why *why)
{
	static const struct {
		__rlimit_resource_t resource;
		uint64_t most;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_NOFILE, 16},
		{RLIMIT_NPROC, 0},
#ifndef JAIL_SANITIZED /* whose shadow memory takes terabytes of addresses */
		/* A session needs 1 MB, with TLS 3 MB, with the most recipients that can be
		 * configured 40 MB. Of addresses it needs more: the table of a maildrop takes 80
		 * octets for each message. */
		{RLIMIT_DATA, 64 << 20},
		{RLIMIT_AS, 1 << 30},
#endif
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && !err; i++)
		err = limit(limits[i].resource, limits[i].most, why);
	/* A log that is a file may be longer than any message, and so may a script's output. */
	if (!err && !is_file(STDERR_FILENO) && !is_file(STDOUT_FILENO))
		err = limit(RLIMIT_FSIZE, jail->max_file, why);
	return err;
}

/* Nothing inside can handle, block or put off a signal. */
static void set_alarm(uint64_t seconds)
{
	sigset_t alarms;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(seconds < INT32_MAX ? (unsigned)seconds : INT32_MAX);
}

/* 0 where the kernel can't do it: then *open says so. */
static int unless_missing(int err, bool *open)
{
	if (err == -ENOSYS)
		*open = true;
	return err == -ENOSYS ? 0 : err;
}

int jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why)
{
	int err = 0;

	*fallback = false;
	*open = false;
	clock_keep_zone();
	if (geteuid() == 0)
		err = drop_ids(jail, fallback, why);
	if (!err)
		err = drop_capabilities(why);
	if (err < 0)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return why_errno(why, errno, "jail", "prctl");
	set_alarm(jail->max_seconds);
	err = set_limits(jail, why);
	if (!err)
		err = unless_missing(jail_landlock(jail->may_load, jail->module, why), open);
	if (!err)
		err = unless_missing(jail_seccomp_enter(&jail->fds, jail->may_load, why), open);
	is_sealed = !err && !jail->may_load;
	return err;
}

int jail_seal(struct why *why)
{
	bool open;
	int err;

	if (is_sealed)
		return 0;
	err = unless_missing(jail_landlock(false, NULL, why), &open);
	if (!err)
		err = unless_missing(jail_seccomp_seal(why), &open);
	is_sealed = !err;
	return err;
}

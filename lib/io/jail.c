/*
 * jail - see jail.h. The order matters: groups before the user (afterwards there is no right to
 * change them), ids before no_new_privs (which must not be a reason to fail), limits last of all,
 * since a limit on processes counts those of the new user.
 */
#include "io/jail.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int limit(int resource, uint64_t most, struct why *why)
{
	struct rlimit rlimit;

	if (getrlimit((__rlimit_resource_t)resource, &rlimit) < 0)
		return why_errno(why, errno, "jail", "getrlimit");
	if (rlimit.rlim_max < most)
		most = rlimit.rlim_max;
	rlimit.rlim_cur = most;
	rlimit.rlim_max = most;
	if (setrlimit((__rlimit_resource_t)resource, &rlimit) < 0)
		return why_errno(why, errno, "jail", "setrlimit");
	return 0;
}

static bool is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why)
{
	int err = 0;

	*fallback = false;
	*open = true;
	if (geteuid() == 0)
		err = drop_ids(jail, fallback, why);
	if (err < 0)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return why_errno(why, errno, "jail", "prctl");
	err = limit(RLIMIT_CORE, 0, why);
	if (!err)
		err = limit(RLIMIT_NOFILE, 32, why);
	if (!err)
		err = limit(RLIMIT_NPROC, 0, why);
	if (!err &&
		!is_file(STDERR_FILENO)) /* a log that is a file may be longer than any message */
		err = limit(RLIMIT_FSIZE, jail->max_file, why);
	return err;
}

int jail_seal(struct why *why)
{
	(void)why;
	return 0;
}

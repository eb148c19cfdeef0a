/*
 * agent_become - see agent_become.h.
 *
 * The order matters: groups first, since the user has no right to change them; the user id next,
 * with which the kernel takes all capabilities; then what makes it final. root, whose mailbox must
 * be served as well, keeps uid 0 but no capability: it may do what the owner of root's files may do
 * and nothing else. no_new_privs is what keeps an exec from giving any back, to root just as to
 * others; the securebit for that would ask for CAP_SETPCAP, which the agent has no other use for.
 *
 * System calls: setgroups, setresgid, setresuid, capset, prctl (NO_NEW_PRIVS, DUMPABLE), umask; to
 * verify: getresuid, getresgid, getgroups, capget, geteuid.
 */
#include "agent/agent_become.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static bool has_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, now) < 0)
		return true;
	return now[0].effective || now[0].permitted || now[1].effective || now[1].permitted;
}

static bool is_user(uid_t uid)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) == 0 && real == uid && effective == uid &&
	       saved == uid;
}

static bool is_group(gid_t gid)
{
	gid_t real, effective, saved;
	gid_t other[2];

	return getresgid(&real, &effective, &saved) == 0 && real == gid && effective == gid &&
	       saved == gid && getgroups(2, other) == 1 && other[0] == gid;
}

static int become(uid_t uid, gid_t gid)
{
	int err;

	if (setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	err = drop_capabilities();
	if (err < 0)
		return err;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return is_user(uid) && is_group(gid) && !has_capabilities() ? 0 : -EPERM;
}

int agent_become(uid_t uid, gid_t gid, struct why *why)
{
	int err;

	umask(077);
	if (geteuid() == 0)
		err = become(uid, gid);
	else
		err = is_user(uid) ? 0 : -EPERM;
	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err = -errno;
	if (err < 0)
		return why_set(why, -err, WHY_TEMP, "4.3.0", "can't become uid %lu: %s",
			(unsigned long)uid, strerror(-err));
	return 0;
}

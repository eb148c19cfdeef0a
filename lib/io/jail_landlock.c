/*
 * jail_landlock - see jail_landlock.h. By system calls, since the C library has no functions for
 * it; and by numbers, since the oldest headers that we are built with know less than the kernels
 * that we run on.
 */
#include "io/jail_landlock.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BITS(first, last) ((1ULL << ((last) + 1)) - (1ULL << (first)))

/* struct landlock_ruleset_attr as of ABI 6. An older kernel takes it as long as what it doesn't
 * know is 0. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* What each ABI added (linux/landlock.h). All of it is denied. */
static const struct {
	long abi;
	struct ruleset adds;
} abis[] = {
	{1, {.handled_access_fs = BITS(0, 12)}},  /* execute, write, read, list, remove, make */
	{2, {.handled_access_fs = BITS(13, 13)}}, /* link and rename to another directory */
	{3, {.handled_access_fs = BITS(14, 14)}}, /* truncate */
	{4, {.handled_access_net = BITS(0, 1)}},  /* TCP: bind, connect */
	{5, {.handled_access_fs = BITS(15, 15)}}, /* ioctl on devices */
	{6, {.scoped = BITS(0, 1)}},              /* abstract sockets, signals */
};

/* Where the dynamic linker finds libraries, and its table of them. What a host lacks is left out.
 */
static const char *const libraries[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"};

static int open_ruleset(int *out, struct why *why)
{
	struct ruleset ruleset = {0};
	long abi = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
	long fd;

	if (abi <
		0) /* built without, switched off, or a container's host that knows no such call */
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM
			       ? -ENOSYS
			       : why_errno(why, errno, "jail", "ask for Landlock");
	for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]); i++) {
		if (abis[i].abi > abi)
			break;
		ruleset.handled_access_fs |= abis[i].adds.handled_access_fs;
		ruleset.handled_access_net |= abis[i].adds.handled_access_net;
		ruleset.scoped |= abis[i].adds.scoped;
	}
	fd = syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return why_errno(why, errno, "jail", "make Landlock's rules");
	*out = (int)fd;
	return 0;
}

/* Files at or beneath path may be read. */
static int allow_reading(int ruleset, const char *path, struct why *why)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int err = 0;

	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR
			       ? 0
			       : why_errno(why, errno, path, "open");
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		err = why_errno(why, errno, path, "allow in the jail");
	close(rule.parent_fd);
	return err;
}

/* The directory that a file is in: what is loaded with it lies beside it. */
static int allow_beside(int ruleset, const char *file, struct why *why)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(file, '/');

	if (!slash || slash == file || slash - file >= PATH_MAX)
		return 0;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - file), file);
	return allow_reading(ruleset, directory, why);
}

static int allow_libraries(int ruleset, const char *module, struct why *why)
{
	int err = module ? allow_beside(ruleset, module, why) : 0;

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]) && !err; i++)
		err = allow_reading(ruleset, libraries[i], why);
	return err;
}

int jail_landlock(bool may_load, const char *module, struct why *why)
{
	int ruleset = -1;
	int err = open_ruleset(&ruleset, why);

	if (err < 0)
		return err;
	if (may_load)
		err = allow_libraries(ruleset, module, why);
	if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		err = why_errno(why, errno, "jail", "restrict by Landlock");
	fd_close(&ruleset);
	return err;
}

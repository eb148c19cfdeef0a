/* kill - see kill.h. */
#include "kill.h"

#include "base/fd.h"
#include "folder.h"
#include "spool/disk.h"
#include "spool/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fuzz *dice;
static unsigned writes_left; /* 0: it never comes */
static bool dead;
static bool is_tight;

void kill_set_up(struct fuzz *fuzz, bool tight)
{
	dice = fuzz;
	is_tight = tight;
}

void kill_at(unsigned writes)
{
	writes_left = writes;
}

bool kill_over(void)
{
	bool came = dead;

	writes_left = 0;
	dead = false;
	return came;
}

static bool dies(void)
{
	if (writes_left > 0 && --writes_left == 0)
		dead = true;
	return dead;
}

FAKE(fd_pwrite);
extern __typeof__(fd_pwrite) __real_fd_pwrite;
int __wrap_fd_pwrite(int fd, const void *data, size_t len, uint64_t offset)
{
	bool was_dead = dead;

	if (!dies())
		return __real_fd_pwrite(fd, data, len, offset);
	if (!was_dead && len > 0)
		(void)__real_fd_pwrite(fd, data, fuzz_chance(dice, (unsigned)len), offset);
	return -EIO;
}

FAKE(disk_truncate);
extern __typeof__(disk_truncate) __real_disk_truncate;
int __wrap_disk_truncate(int fd, uint64_t size)
{
	return dies() ? -EIO : __real_disk_truncate(fd, size);
}

FAKE(disk_reserve);
extern __typeof__(disk_reserve) __real_disk_reserve;
int __wrap_disk_reserve(int fd, uint64_t size)
{
	must(size < 1 << 28);
	if (is_tight && size > 5 * 4096)
		return -ENOSPC;
	return dies() ? -EIO : __real_disk_reserve(fd, size);
}

FAKE(state_file_open);
extern __typeof__(state_file_open) __real_state_file_open;
int __wrap_state_file_open(const char *path, int flags)
{
	must(strncmp(path, folder_path("state/"), strlen(folder_path("state/"))) == 0);
	return dies() ? -EIO : __real_state_file_open(path, flags);
}

FAKE(rename);
extern __typeof__(rename) __real_rename;
int __wrap_rename(const char *from, const char *to)
{
	errno = EIO;
	return dies() ? -1 : __real_rename(from, to);
}

FAKE(unlink);
extern __typeof__(unlink) __real_unlink;
int __wrap_unlink(const char *path)
{
	errno = EIO;
	return dies() ? -1 : __real_unlink(path);
}

/* The power never goes out here. */
FAKE(disk_sync);
int __wrap_disk_sync(int fd)
{
	(void)fd;
	return 0;
}

FAKE(disk_sync_data);
int __wrap_disk_sync_data(int fd)
{
	(void)fd;
	return 0;
}

FAKE(fd_sync_parent);
int __wrap_fd_sync_parent(const char *path)
{
	(void)path;
	return 0;
}

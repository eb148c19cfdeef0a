/* lock_place - a folder for the lock of a mailbox, MAILBOX.lock, and what tests do with it. */
#ifndef TESTS_LOCK_PLACE_H
#define TESTS_LOCK_PLACE_H

#include "base/fd.h"
#include "spool/dotlock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define NAME "box.lock"
#define KEPT "box.kept"

static char path[64];
static char kept[80];
static int folder = -1;

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/pillarbox-dotlock.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	snprintf(kept, sizeof(kept), "%s/" KEPT, path);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return folder < 0;
}

static int teardown(void **state)
{
	(void)state;
	if (unlinkat(folder, NAME, 0) < 0)
		unlinkat(folder, NAME, AT_REMOVEDIR);
	unlinkat(folder, KEPT, 0);
	fd_close(&folder);
	return rmdir(path);
}

__attribute__((unused)) static void put_lock(const char *text)
{
	int fd = openat(folder, NAME, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	close(fd);
}

/* Let the lock be so many seconds old. */
__attribute__((unused)) static void age_lock(time_t seconds)
{
	struct timespec times[2] = {
		{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};

	assert_int_equal(utimensat(folder, NAME, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Has process 1 run for so many seconds? In a container it may be younger than the host. proc(5),
 * /proc/PID/stat field 22. */
__attribute__((unused)) static bool is_older_than(time_t seconds)
{
	FILE *file = fopen("/proc/1/stat", "r");
	unsigned long long ticks = 0;
	struct timespec up;
	bool is_known = false;

	if (file) {
		is_known = fscanf(file,
				   "%*d (%*[^)]) %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				   "%*s %*s %*s %*s %*s %*s %*s %llu",
				   &ticks) == 1;
		fclose(file);
	}
	return is_known && clock_gettime(CLOCK_BOOTTIME, &up) == 0 &&
	       up.tv_sec - (time_t)(ticks / (unsigned long)sysconf(_SC_CLK_TCK)) > seconds + 10;
}

__attribute__((unused)) static bool is_there(void)
{
	struct stat st;

	return fstatat(folder, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A pid that was ours to give out and is gone. */
__attribute__((unused)) static long gone_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

__attribute__((unused)) static void read_lock(char text[static 32])
{
	int fd = openat(folder, NAME, O_RDONLY);
	ssize_t len = fd_pread(fd, text, 31, 0);

	close(fd);
	assert_true(len >= 0);
	text[len] = '\0';
}

#endif

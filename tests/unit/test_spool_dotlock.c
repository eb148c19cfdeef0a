/* MAILBOX.lock: made whole, respected, and broken only when it is surely stale. */
#include "spool/dotlock.h"

#include "base/fd.h"
#include "spool/file_lock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static void put_lock(const char *text)
{
	int fd = openat(folder, NAME, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	close(fd);
}

/* Let the lock be so many seconds old. */
static void age_lock(time_t seconds)
{
	struct timespec times[2] = {
		{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};

	assert_int_equal(utimensat(folder, NAME, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Has process 1 run for so many seconds? In a container it may be younger than the host. proc(5),
 * /proc/PID/stat field 22. */
static bool is_older_than(time_t seconds)
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

static bool is_there(void)
{
	struct stat st;

	return fstatat(folder, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A pid that was ours to give out and is gone. */
static long gone_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void read_lock(char text[static 32])
{
	int fd = openat(folder, NAME, O_RDONLY);
	ssize_t len = fd_pread(fd, text, 31, 0);

	close(fd);
	assert_true(len >= 0);
	text[len] = '\0';
}

static void take_and_release(void **state)
{
	char text[32], want[32];

	(void)state;
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
	read_lock(text);
	snprintf(want, sizeof(want), "%ld\n", (long)getpid());
	assert_string_equal(text, want);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_int_equal(dotlock_release_at(folder, NAME), 0);
	assert_false(is_there());
	assert_int_equal(dotlock_release_at(folder, NAME), -ENOENT);
}

static void take_prepared(void **state)
{
	struct timespec old[2] = {{.tv_sec = time(NULL) - 4000}, {.tv_sec = time(NULL) - 4000}};
	char text[32], want[32];
	struct stat st;
	int fd = dotlock_prepare_at(folder, NULL);

	(void)state;
	if (fd == -EOPNOTSUPP)
		skip();
	assert_true(fd >= 0);
	assert_false(is_there());
	assert_int_equal(futimens(fd, old), 0); /* it has waited for long */
	put_lock("1\n");
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), -EEXIST);
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), -EPERM);
	assert_int_equal(unlinkat(folder, NAME, 0), 0);

	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
	snprintf(want, sizeof(want), "%ld\n", (long)getpid());
	read_lock(text);
	assert_string_equal(text, want);
	assert_int_equal(fstatat(folder, NAME, &st, 0), 0);
	assert_true(st.st_mtime > time(NULL) - 3000);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
	assert_false(is_there());
	close(fd);
}

/* Somebody has broken it and made his own, be it one that says the same. */
static void another_is_not_released_for_the_prepared(void **state)
{
	int fd = dotlock_prepare_at(folder, NULL);
	char text[32];

	(void)state;
	if (fd == -EOPNOTSUPP)
		skip();
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
	assert_int_equal(linkat(folder, NAME, folder, "kept", 0), 0);
	assert_int_equal(unlinkat(folder, NAME, 0), 0);
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), -ENOENT);
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	put_lock(text);
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), -EPERM);
	assert_true(is_there());
	assert_int_equal(unlinkat(folder, "kept", 0), 0);
	close(fd);
}

static bool is_kept_file(const char *name)
{
	struct stat found, want;

	return fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(folder, KEPT, &want, AT_SYMLINK_NOFOLLOW) == 0 &&
	       found.st_ino == want.st_ino;
}

static void put_kept(const char *text)
{
	put_lock(text);
	assert_int_equal(renameat(folder, NAME, folder, KEPT), 0);
}

/* A kernel before 5.8 does not tell what is on which mount. */
static int prepare_kept(void)
{
	int fd = dotlock_prepare_at(folder, kept);
	struct stat st;

	assert_true(fd >= 0 || fd == -EOPNOTSUPP);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0)
		skip();
	return fd;
}

static void take_kept(void **state)
{
	char text[32], want[32];
	int fd;

	(void)state;
	put_kept("longer than any process's number\n");
	fd = prepare_kept();
	assert_false(is_there());
	for (int times = 0; times < 2; times++) {
		assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
		snprintf(want, sizeof(want), "%ld\n", (long)getpid());
		read_lock(text);
		assert_string_equal(text, want);
		assert_true(is_kept_file(NAME));
		assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
		assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
		assert_false(is_there());
		close(fd);
		fd = prepare_kept();
	}
	close(fd);
}

/* Of a longer one that was there before nothing is left, but line ends. */
static void take_kept_with_a_shorter_number(void **state)
{
	char text[32], want[32];
	int fd;

	(void)state;
	put_kept("9999999999999\n");
	fd = prepare_kept();
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
	assert_true(is_kept_file(NAME));
	assert_true(dotlock_is_own_at(folder, NAME));
	read_lock(text);
	assert_int_equal(strlen(text), 14);
	assert_int_equal(strspn(text, "0123456789") + strspn(strchr(text, '\n'), "\n"), 14);
	snprintf(want, sizeof(want), "%ld\n", (long)getpid());
	assert_memory_equal(text, want, strlen(want));
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
	close(fd);
}

/* The lock of one who lives keeps its content; that of one who was killed goes first. */
static void kept_is_still_a_lock(void **state)
{
	char text[32], want[32];
	int fd;

	(void)state;
	put_kept("1\n");
	assert_int_equal(linkat(folder, KEPT, folder, NAME, 0), 0);
	fd = prepare_kept();
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), -EEXIST);
	read_lock(text);
	assert_string_equal(text, "1\n");

	snprintf(text, sizeof(text), "%ld\n", gone_pid());
	put_lock(text);
	assert_true(is_kept_file(NAME));
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
	snprintf(want, sizeof(want), "%ld\n", (long)getpid());
	read_lock(text);
	assert_string_equal(text, want);
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
	assert_false(is_there());
	close(fd);
}

/* Somebody else is about to make it his lock: what he has written there stays. */
static void kept_that_another_is_at(void **state)
{
	char text[32];
	int fd, other;

	(void)state;
	put_kept("1\n");
	fd = prepare_kept();
	other = prepare_kept();
	assert_int_equal(file_lock_try(other), 0);
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
	assert_int_equal(fd, -1);
	assert_false(is_kept_file(NAME));
	assert_true(dotlock_is_own_at(folder, NAME));
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
	assert_int_equal(linkat(folder, KEPT, folder, NAME, 0), 0);
	read_lock(text);
	assert_string_equal(text, "1\n");
	close(other);
}

/* Another name of it that is no lock of ours: then it can't be used, and that is all. */
static void kept_with_another_name(void **state)
{
	int fd;

	(void)state;
	put_kept("x\n");
	assert_int_equal(linkat(folder, KEPT, folder, "other", 0), 0);
	fd = prepare_kept();
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
	assert_int_equal(fd, -1);
	assert_false(is_kept_file(NAME));
	assert_true(dotlock_is_own_at(folder, NAME));
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
	assert_false(is_there());
	assert_int_equal(unlinkat(folder, "other", 0), 0);
}

/* On another mount, through a link, or in a folder that is not there. */
static void kept_that_is_unfit(void **state)
{
	static const char *const paths[] = {"/dev/null", "/proc/self/comm", "/nowhere/x", kept};
	struct stat st;

	(void)state;
	assert_int_equal(symlinkat("target", folder, KEPT), 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		int fd = dotlock_prepare_at(folder, paths[i]);

		assert_true(fd >= 0 || fd == -EOPNOTSUPP);
		if (fd >= 0)
			assert_int_equal(fstat(fd, &st), 0);
		assert_true(fd < 0 || st.st_nlink == 0);
		assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &fd), 0);
		assert_true(dotlock_is_own_at(folder, NAME));
		assert_int_equal(dotlock_release_prepared_at(folder, NAME, fd), 0);
		fd_close(&fd);
	}
	assert_true(fstatat(folder, "target", &st, 0) < 0);
}

/* Where there are no files without a name. */
static void take_unprepared(void **state)
{
	int none = -1;

	(void)state;
	assert_int_equal(dotlock_take_prepared_at(folder, NAME, NULL, &none), 0);
	assert_true(is_there());
	assert_int_equal(dotlock_release_prepared_at(folder, NAME, none), 0);
	assert_false(is_there());
}

static void another_is_not_released(void **state)
{
	(void)state;
	put_lock("1\n");
	assert_int_equal(dotlock_release_at(folder, NAME), -EPERM);
	put_lock("0\n");
	assert_int_equal(dotlock_release_at(folder, NAME), -EPERM);
	assert_true(is_there());
}

static void gone_process_is_stale(void **state)
{
	char text[400];
	struct utsname host;

	(void)state;
	snprintf(text, sizeof(text), "%ld\n", gone_pid());
	put_lock(text);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
	assert_int_equal(dotlock_release_at(folder, NAME), 0);

	snprintf(text, sizeof(text), "%10ld", gone_pid()); /* no line end, as uucp has it */
	put_lock(text);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
	assert_int_equal(dotlock_release_at(folder, NAME), 0);

	uname(&host);
	snprintf(text, sizeof(text), "%ld:%s\n", gone_pid(), host.nodename);
	put_lock(text);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
	assert_int_equal(dotlock_release_at(folder, NAME), 0);

	snprintf(text, sizeof(text), "%ld:%sx\n", gone_pid(), host.nodename);
	put_lock(text); /* another host's */
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
}

/* Whom one may not signal, lives. Process 1 is root's; root itself drops its rights for the
 * question. */
static void no_permission_means_alive(void **state)
{
	pid_t child;
	int status;

	(void)state;
	put_lock("1\n");
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 &&
			(chown(path, 65534, 65534) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
			_exit(1);
		_exit(dotlock_take_at(folder, NAME, NULL) == -EEXIST ? 0 : 2);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(is_there());
}

static void living_process_has_five_minutes(void **state)
{
	char text[32];

	(void)state;
	snprintf(text, sizeof(text), "%ld\n", (long)getppid());
	put_lock(text);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_true(is_there());
}

/* Whatever it holds: for five minutes, counted from the last change of lock and mailbox; then the
 * lock is stale although the process lives. */
static void living_process_for_longer(void **state)
{
	struct stat mailbox = {.st_mtime = time(NULL)};

	(void)state;
	put_lock("1\n");
	age_lock(310);
	if (!is_older_than(310))
		skip(); /* this host was started just now */
	assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), -EEXIST);
	mailbox.st_mtime -= 310;
	assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), 0);
}

/* The process was started after the lock was made: it is not the one that made it. */
static void recycled_pid_is_stale(void **state)
{
	char text[32];

	(void)state;
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	put_lock(text);
	age_lock(100);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
}

/* A mailbox of somebody who is called box.lock. */
static void mailbox_is_no_lock(void **state)
{
	(void)state;
	put_lock("From a@b Tue Nov 24 13:00:00 2026\n\nhello\n");
	age_lock(4000);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_true(is_there());
}

/* The same where it may not be read: it is as large as a message. */
static void unreadable_mailbox_is_no_lock(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	put_lock("From a@b Tue Nov 24 13:00:00 2026\nMessage-ID: <1@x>\nSubject: hi\n\nhello\n\n");
	age_lock(4000);
	assert_int_equal(fchmodat(folder, NAME, 0, 0), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (chown(path, 65534, 65534) < 0 || setuid(65534) < 0))
			_exit(1);
		_exit(dotlock_take_at(folder, NAME, NULL) == -EEXIST ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_true(is_there());
}

static void own(void **state)
{
	(void)state;
	assert_false(dotlock_is_own_at(folder, NAME));
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
	assert_true(dotlock_is_own_at(folder, NAME));
	put_lock("1\n");
	assert_false(dotlock_is_own_at(folder, NAME));
}

/* Stale, but in a folder like /tmp it is for root or its owner to remove: the caller must know to
 * ask. */
static void stale_lock_of_another_user(void **state)
{
	char text[32];
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(path, 01777), 0);
	snprintf(text, sizeof(text), "%ld\n", gone_pid());
	put_lock(text);
	pid = fork();
	if (pid == 0)
		_exit(setresuid(65534, 65534, 65534) < 0 ||
			dotlock_take_at(folder, NAME, NULL) != -EACCES);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_true(is_there());
}

/* By the same rule, and nothing is changed. */
static void look(void **state)
{
	struct stat mailbox = {0};
	char text[32];

	(void)state;
	assert_int_equal(dotlock_look_at(folder, NAME, NULL), -ENOENT);
	put_lock("1\n");
	assert_int_equal(dotlock_look_at(folder, NAME, NULL), -EEXIST);
	put_lock("0\n");
	assert_int_equal(dotlock_look_at(folder, NAME, NULL), -EEXIST);
	age_lock(310);
	mailbox.st_mtime = time(NULL) - 290;
	assert_int_equal(dotlock_look_at(folder, NAME, &mailbox), -EEXIST);
	mailbox.st_mtime = time(NULL) - 310;
	assert_int_equal(dotlock_look_at(folder, NAME, &mailbox), 0);
	snprintf(text, sizeof(text), "%ld\n", gone_pid());
	put_lock(text);
	assert_int_equal(dotlock_look_at(folder, NAME, NULL), 0);
	assert_true(is_there());
}

/* "0", nothing and nonsense name nobody: then five minutes without any change count. */
static void nobody_is_stale_after_five_minutes(void **state)
{
	static const char *const texts[] = {
		"0\n", "", "x\n", "-1\n", "99999999999999999999\n", "12x\n", "1 2\n"};
	struct stat mailbox = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		put_lock(texts[i]);
		mailbox.st_mtime = time(NULL) - 400;
		assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), -EEXIST);
		age_lock(290);
		assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), -EEXIST);
		age_lock(310);
		mailbox.st_mtime = time(NULL) - 290;
		assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), -EEXIST);
		mailbox.st_mtime = time(NULL) - 310;
		assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), 0);
		assert_int_equal(dotlock_release_at(folder, NAME), 0);
	}
}

/* A pid that was given out again after a reboot can't lock a mailbox for ever. */
static void lock_from_before_boot(void **state)
{
	struct timespec up;
	char text[32];

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &up);
	snprintf(text, sizeof(text), "%ld\n", (long)getppid());
	put_lock(text);
	age_lock(up.tv_sec + 1000);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), 0);
}

static void what_is_no_file_is_held(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/nowhere", folder, NAME), 0);
	age_lock(4000);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_int_equal(dotlock_release_at(folder, NAME), -EPERM);
	assert_int_equal(unlinkat(folder, NAME, 0), 0);

	assert_int_equal(mkfifoat(folder, NAME, 0600), 0);
	age_lock(4000);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_int_equal(dotlock_release_at(folder, NAME), -EPERM);
	assert_int_equal(unlinkat(folder, NAME, 0), 0);

	assert_int_equal(mkdirat(folder, NAME, 0700), 0);
	age_lock(4000);
	assert_int_equal(dotlock_take_at(folder, NAME, NULL), -EEXIST);
	assert_int_equal(dotlock_release_at(folder, NAME), -EPERM);
	assert_true(is_there());
}

int main(void)
{
#define LOCK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		LOCK_TEST(take_and_release),
		LOCK_TEST(take_prepared),
		LOCK_TEST(another_is_not_released_for_the_prepared),
		LOCK_TEST(take_kept),
		LOCK_TEST(take_kept_with_a_shorter_number),
		LOCK_TEST(kept_is_still_a_lock),
		LOCK_TEST(kept_that_another_is_at),
		LOCK_TEST(kept_with_another_name),
		LOCK_TEST(kept_that_is_unfit),
		LOCK_TEST(take_unprepared),
		LOCK_TEST(another_is_not_released),
		LOCK_TEST(gone_process_is_stale),
		LOCK_TEST(no_permission_means_alive),
		LOCK_TEST(living_process_has_five_minutes),
		LOCK_TEST(living_process_for_longer),
		LOCK_TEST(recycled_pid_is_stale),
		LOCK_TEST(mailbox_is_no_lock),
		LOCK_TEST(unreadable_mailbox_is_no_lock),
		LOCK_TEST(own),
		LOCK_TEST(stale_lock_of_another_user),
		LOCK_TEST(look),
		LOCK_TEST(nobody_is_stale_after_five_minutes),
		LOCK_TEST(lock_from_before_boot),
		LOCK_TEST(what_is_no_file_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

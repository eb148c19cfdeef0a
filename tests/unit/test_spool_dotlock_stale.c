/* MAILBOX.lock is respected, and broken only when it is surely stale. */
#include "lock_place.h"

#include <sys/utsname.h>

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

/* A clock that was wrong for a while leaves times that would count as just now for years. */
static void mailbox_from_the_future(void **state)
{
	struct stat mailbox = {.st_mtime = time(NULL) + 290};

	(void)state;
	put_lock("");
	age_lock(310);
	assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), -EEXIST);
	mailbox.st_mtime += 40;
	age_lock(290);
	assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), -EEXIST);
	age_lock(310);
	assert_int_equal(dotlock_take_at(folder, NAME, &mailbox), 0);
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
	const struct CMUnitTest tests[] = {
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
		LOCK_TEST(mailbox_from_the_future),
		LOCK_TEST(lock_from_before_boot),
		LOCK_TEST(what_is_no_file_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

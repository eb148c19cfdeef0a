/* MAILBOX.lock is made whole, by one at a time, and given back by nobody else. */
#include "lock_place.h"

#include "spool/file_lock.h"

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

int main(void)
{
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The monitor and its table: counted exactly, and never a crash, a hang or a lock-out, whatever
 * lies in the file's place and whatever becomes of the child that reads it.
 */
#include "agent/agent_failures.h"
#include "base/clock.h"
#include "base/fd.h"
#include "policy/policy_table.h"
#include "policy_place.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static struct conf conf;
static struct agent_request request;
static struct agent_monitor monitor;
static struct agent_server server;
static unsigned notes;
static char last_note[256];

/* What LMDB does in the child when it is asked to open a file; then it is itself again. */
static enum { SOUND, CRASH, LOOP, KILLED, FULL } behaviour;

int mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
	union {
		void *found;
		int (*function)(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
	} real = {.found = dlsym(RTLD_NEXT, "mdb_env_open")};
	volatile unsigned long turns = 0;

	if (behaviour == CRASH)
		raise(SIGBUS);
	while (behaviour == LOOP)
		turns++;
	if (behaviour == KILLED)
		raise(SIGKILL);
	return behaviour == FULL ? ENOSPC : real.function(env, path, flags, mode);
}

static void hear(void *context, const struct agent_event *event)
{
	(void)context;
	assert_string_equal(event->name, "note");
	notes++;
	snprintf(last_note, sizeof(last_note), "%s", event->reason);
	/* What was wrong with the file is not wrong with the next one. */
	if (strstr(event->reason, ".bad"))
		behaviour = SOUND;
}

static int setup(void **state)
{
	int err = make_folder(state);

	behaviour = SOUND;
	notes = 0;
	conf = (struct conf){.failures = table_path,
		.source_failures = 20,
		.user_failures = 50,
		.forget_seconds = 60};
	server = (struct agent_server){.conf = &conf, .event = hear};
	monitor = (struct agent_monitor){.server = &server, .conf = &conf, .request = &request};
	return err;
}

static struct agent_attempt attempt(const char *source, const char *user)
{
	struct agent_attempt attempt = {.monitor = &monitor, .source = source, .user = user};

	agent_failures_begin(&attempt);
	return attempt;
}

static unsigned count_tries(const char *source)
{
	unsigned tries = 0;

	while (!attempt(source, "alice").verdict.refused && tries < 100)
		tries++;
	return tries;
}

static void expect_works(void)
{
	static unsigned number;
	struct agent_attempt one;
	char source[32];

	number++;
	snprintf(source, sizeof(source), "10.%u.%u.1", number >> 8 & 255, number & 255);
	one = attempt(source, source);
	assert_true(one.counted);
	assert_int_equal(one.verdict.refused, 0);
	agent_failures_settle(&one, POLICY_SUCCESS);
	one = attempt(source, source);
	assert_int_equal(one.verdict.counted, POLICY_PAIR);
}

static void test_counts(void **state)
{
	(void)state;
	assert_int_equal(count_tries("192.0.2.1"), 20);
	expect_works();
	assert_int_equal(notes, 0);
}

static void test_none(void **state)
{
	struct agent_attempt one;

	(void)state;
	conf.failures = "";
	one = attempt("192.0.2.1", "alice");
	assert_false(one.counted);
	agent_failures_settle(&one, POLICY_SUCCESS);
	assert_int_equal(notes, 0);
}

/* A folder in which others can change things is told, and nothing in it is touched. */
static void test_untrusted_folder(void **state)
{
	struct agent_attempt one;
	struct stat st;

	(void)state;
	assert_int_equal(chmod(folder, 0777), 0);
	one = attempt("192.0.2.1", "alice");
	assert_false(one.counted);
	assert_int_equal(one.verdict.refused, 0);
	assert_int_equal(notes, 1);
	assert_non_null(strstr(last_note, "failures: failed log-ins are not counted: "));
	assert_int_equal(stat(table_path, &st), -1);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_false(attempt("192.0.2.1", "alice").counted);
	assert_int_equal(chmod(folder, 0770), 0);
	assert_false(attempt("192.0.2.1", "alice").counted);
	assert_int_equal(chmod(folder, 0755), 0);
	expect_works();
}

/* Missing folders are made, for nobody else. */
static void test_missing_folder(void **state)
{
	char path[192];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/a/b/failures", folder);
	conf.failures = path;
	expect_works();
	assert_int_equal(stat(path_of("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 022, 0);
	assert_int_equal(notes, 0);
}

/* It works at once, there was one note, and what was there is called .bad. */
static void expect_put_aside(void)
{
	struct stat st;

	unlink(path_of("failures.bad"));
	notes = 0;
	expect_works();
	assert_int_equal(notes, 1);
	assert_non_null(strstr(last_note, "is called .bad now"));
	assert_int_equal(lstat(path_of("failures.bad"), &st), 0);
	unlink(table_path);
}

static void test_foreign(void **state)
{
	static const char text[8192] = "this is no table";

	(void)state;
	write_file("failures", text, 16);
	expect_put_aside();
	write_file("failures", text, sizeof(text));
	expect_put_aside();
	assert_int_equal(symlink("/etc/passwd", table_path), 0);
	expect_put_aside();
	assert_int_equal(mkfifo(table_path, 0600), 0);
	expect_put_aside();
	assert_int_equal(mkdir(table_path, 0700), 0);
	expect_put_aside();
	rmdir(path_of("failures.bad"));
	expect_works();
	assert_int_equal(chmod(table_path, 0644), 0);
	expect_put_aside();
}

/* What the child does on one file, and never again on the next. */
static void test_children(void **state)
{
	int64_t began;

	(void)state;
	behaviour = CRASH;
	expect_put_aside();
	began = clock_ms();
	behaviour = LOOP;
	expect_put_aside();
	assert_in_range(clock_ms() - began, 1000, 30000);
}

/* One that was killed from outside, or a full disk, says nothing about the file. */
static void test_not_the_files_fault(void **state)
{
	struct stat before, after;

	(void)state;
	assert_int_equal(count_tries("192.0.2.1"), 20);
	assert_int_equal(stat(table_path, &before), 0);
	behaviour = KILLED;
	assert_false(attempt("192.0.2.1", "alice").counted);
	assert_int_equal(notes, 1);
	behaviour = FULL;
	assert_false(attempt("192.0.2.1", "alice").counted);
	assert_int_equal(notes, 2);
	assert_non_null(strstr(last_note, strerror(ENOSPC)));
	behaviour = SOUND;
	assert_int_equal(stat(table_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(count_tries("192.0.2.1"), 0);
}

static void fill(void)
{
	struct policy_table table;
	struct policy_record record;
	char user[32];

	policy_record_init(&record, 1795525200);
	policy_record_add(&record, 1795525200);
	unlink(table_path);
	assert_int_equal(policy_table_open(&table, table_path), 0);
	for (int i = 0; i < 500; i++) {
		struct policy_key key;

		snprintf(user, sizeof(user), "filler%d", i);
		key = policy_table_key(&table, POLICY_OF_USER, NULL, user);
		assert_int_equal(policy_table_put(&table, &key, &record), 0);
	}
	assert_int_equal(policy_table_close(&table, true), 0);
}

/* Work on what is there now; nobody may wait long for it, and the next table is good. */
static void survive(void)
{
	int64_t began = clock_ms();
	struct agent_attempt one;
	char source[32];

	for (int i = 0; i < 3; i++) {
		snprintf(source, sizeof(source), "192.0.2.%d", i);
		one = attempt(source, "alice");
		if (!one.counted || one.verdict.refused)
			fail_msg("refused %u: %s", one.verdict.refused, last_note);
		agent_failures_settle(&one, POLICY_SUCCESS);
	}
	assert_in_range(clock_ms() - began, 0, 30000);
}

static void test_random_octets(void **state)
{
	struct stat st;
	char *whole;
	int fd;

	(void)state;
	srand(1);
	fill();
	assert_int_equal(stat(table_path, &st), 0);
	whole = malloc((size_t)st.st_size);
	assert_non_null(whole);
	fd = open(table_path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
	fd_close(&fd);
	for (int round = 0; round < 400; round++) {
		char noise[64];
		size_t len = 1 + (size_t)rand() % sizeof(noise);
		/* Half of them in the two pages that say where all others are. */
		off_t at = rand() % (round % 2 ? st.st_size : round % 4 ? 2 * 4096 : 200);

		for (size_t i = 0; i < len; i++)
			noise[i] = round % 3 ? (char)rand() : (char)(rand() % 2 ? 0xff : 0);
		write_file("failures", whole, (size_t)st.st_size);
		fd = open(table_path, O_WRONLY | O_CLOEXEC);
		assert_int_equal(fd_pwrite(fd, noise, len, (uint64_t)at), 0);
		fd_close(&fd);
		survive();
	}
	free(whole);
	assert_true(notes > 10);
	assert_null(strstr(last_note, "not counted"));
}

static void test_truncated(void **state)
{
	struct stat st;

	(void)state;
	fill();
	assert_int_equal(stat(table_path, &st), 0);
	for (off_t len = 0; len < st.st_size; len += 509) {
		fill();
		assert_int_equal(truncate(table_path, len), 0);
		survive();
	}
	assert_true(notes > 10);
}

/* A hundred at once are a hundred. */
static void test_parallel(void **state)
{
	unsigned refused = 0;
	int ends[2];
	char octet;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 60; i++) {
		if (fork() == 0) {
			close(ends[1]);
			(void)!read(ends[0], &octet, 1);
			for (int tries = 0; tries < 2; tries++)
				refused += attempt("192.0.2.1", "alice").verdict.refused != 0;
			_exit((int)(notes * 16 + refused));
		}
	}
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < 60; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_in_range(WEXITSTATUS(status), 0, 2);
		refused += (unsigned)WEXITSTATUS(status);
	}
	assert_int_equal(refused, 100);
	assert_int_equal(notes, 0);
}

/* They are a burden to each other, and all are counted: also where each takes some tens of
 * milliseconds of the ten seconds for which one waits. */
#define CROWD 150
static void test_crowd(void **state)
{
	int failed = 0;
	int ends[2];
	char octet;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < CROWD; i++) {
		if (fork() == 0) {
			close(ends[1]);
			(void)!read(ends[0], &octet, 1);
			_exit(attempt("local", "alice").counted ? (int)notes : 99);
		}
	}
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < CROWD; i++) {
		int status;

		assert_true(wait(&status) > 0);
		failed += status != 0;
	}
	assert_int_equal(failed, 0);
}

/* Where the lock is not to be had, nothing is looked at; and it is no fault of the file's. */
static void test_crowded_out(void **state)
{
	struct agent_attempt one;
	int fd;

	(void)state;
	expect_works();
	fd = open(table_path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	one = attempt("192.0.2.1", "alice");
	assert_true(one.crowded);
	assert_false(one.counted);
	assert_int_equal(notes, 1);
	close(fd);
	expect_works();
}

/* All at once at a file that crashes whoever opens it: it is put aside once, and all are counted.
 */
static void test_parallel_crash(void **state)
{
	unsigned told = 0;

	(void)state;
	write_file("failures", "no table at all", 15);
	for (int i = 0; i < 30; i++) {
		if (fork() == 0)
			_exit(attempt("192.0.2.1", "alice").counted ? (int)notes : 99);
	}
	for (int i = 0; i < 30; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		told += (unsigned)WEXITSTATUS(status);
	}
	assert_int_equal(told, 1);
	/* User and source have 30 in common: over the limit of one of them, below the other's. */
	assert_int_equal(attempt("192.0.2.1", "alice").verdict.refused, POLICY_SOURCE);
	assert_int_equal(attempt("192.0.2.2", "alice").verdict.refused, 0);
}

/* Monitors and their children killed anywhere: what was counted is, and the next one works. */
static void test_kill(void **state)
{
	(void)state;
	for (int round = 0; round < 150; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0);
			for (unsigned i = 0;; i++) {
				char source[32];
				struct agent_attempt one;

				snprintf(source, sizeof(source), "10.9.%d.%u", round, i % 256);
				one = attempt(source, source);
				if (i % 2)
					agent_failures_settle(&one, POLICY_SUCCESS);
			}
		}
		setpgid(pid, pid);
		usleep((useconds_t)(500 + round * 37));
		kill(round % 2 ? pid : -pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	assert_int_equal(notes, 0);
	assert_int_equal(count_tries("192.0.2.1"), 20);
	expect_works();
	assert_int_equal(notes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_counts),
		TEST(test_none),
		TEST(test_untrusted_folder),
		TEST(test_missing_folder),
		TEST(test_foreign),
		TEST(test_children),
		TEST(test_not_the_files_fault),
		TEST(test_random_octets),
		TEST(test_truncated),
		TEST(test_parallel),
		TEST(test_crowd),
		TEST(test_crowded_out),
		TEST(test_parallel_crash),
		TEST(test_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

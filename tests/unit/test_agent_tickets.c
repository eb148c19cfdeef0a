/* The secret of TLS session tickets: one for all agents, new every few hours, never on a disk. */
#include "agent/agent_tickets.h"
#include "base/fd.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW    1795525200
#define AGENTS 12

static char folder[64];
static char path[128];
static unsigned notes;

static void note(void *context, const char *text)
{
	(void)context;
	assert_non_null(strstr(text, path));
	notes++;
}

static bool is_memory(const char *name)
{
	struct statfs fs;

	return statfs(name, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int setup(void **state)
{
	(void)state;
	notes = 0;
	strcpy(folder, is_memory("/dev/shm") ? "/dev/shm/test_agent_tickets.XXXXXX"
					     : "/tmp/test_agent_tickets.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/tickets", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

#define NEEDS_MEMORY()                                                                             \
	do {                                                                                       \
		if (!is_memory(folder))                                                            \
			skip();                                                                    \
	} while (0)

static int read_at(int64_t now, unsigned char secret[static HMAC_KEY_SIZE])
{
	return agent_tickets_read(path, now, secret, note, NULL);
}

static unsigned count_files(void)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void test_one_for_all(void **state)
{
	static const unsigned char zero[HMAC_KEY_SIZE];
	unsigned char one[HMAC_KEY_SIZE] = {0}, two[HMAC_KEY_SIZE];
	struct stat st;

	(void)state;
	NEEDS_MEMORY();
	assert_int_equal(read_at(NOW, one), 0);
	assert_memory_not_equal(one, zero, sizeof(one));
	assert_int_equal(read_at(NOW, two), 0);
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(read_at(NOW + AGENT_TICKETS_SECONDS - 1, two), 0);
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_size, 48);
	assert_int_equal(count_files(), 1);
	assert_int_equal(notes, 0);
}

static void test_age(void **state)
{
	static const int64_t steps[] = {AGENT_TICKETS_SECONDS, 100 * AGENT_TICKETS_SECONDS, -1,
		-1000000000, INT64_MAX / 2 - NOW};
	unsigned char one[HMAC_KEY_SIZE], two[HMAC_KEY_SIZE];
	struct stat before, after;

	(void)state;
	NEEDS_MEMORY();
	for (size_t i = 0; i < COUNT(steps); i++) {
		unlink(path);
		assert_int_equal(read_at(NOW, one), 0);
		assert_int_equal(stat(path, &before), 0);
		assert_int_equal(read_at(NOW + steps[i], two), 0);
		assert_memory_not_equal(one, two, sizeof(one));
		assert_int_equal(stat(path, &after), 0);
		assert_int_not_equal(before.st_ino, after.st_ino);
		assert_int_equal(read_at(NOW + steps[i], one), 0);
		assert_memory_equal(one, two, sizeof(one));
	}
	assert_int_equal(count_files(), 1);
	assert_int_equal(notes, 0);
}

static void put(const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, data, len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	fd_close(&fd);
}

/* Each of them is replaced, and told once. */
static void expect_replaced(void)
{
	unsigned char one[HMAC_KEY_SIZE], two[HMAC_KEY_SIZE];
	struct stat st;

	notes = 0;
	assert_int_equal(read_at(NOW, one), 0);
	assert_int_equal(notes, 1);
	assert_int_equal(read_at(NOW, two), 0);
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(notes, 1);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(count_files(), 1);
	unlink(path);
}

static void test_foreign(void **state)
{
	static const char zeros[64];
	char good[64] = "PBtick1";
	const int64_t born = NOW;

	(void)state;
	NEEDS_MEMORY();
	memcpy(good + 8, &born, sizeof(born));
	put(zeros, 0, 0600);
	expect_replaced();
	put(zeros, 48, 0600);
	expect_replaced();
	put(good, 47, 0600);
	expect_replaced();
	put(good, 49, 0600);
	expect_replaced();
	put(good, 48, 0640);
	expect_replaced();
	put(good, 48, 0000);
	expect_replaced();
	put(good, 48, 04600);
	expect_replaced();
	assert_int_equal(symlink("/etc/passwd", path), 0);
	expect_replaced();
	assert_int_equal(symlink("nowhere", path), 0);
	expect_replaced();
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_replaced();
	if (geteuid() == 0) {
		put(good, 48, 0600);
		assert_int_equal(chown(path, 12345, 12345), 0);
		expect_replaced();
	}
}

static void test_no_place(void **state)
{
	unsigned char secret[HMAC_KEY_SIZE];

	(void)state;
	NEEDS_MEMORY();
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(read_at(NOW, secret), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(read_at(NOW, secret), -EACCES);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(read_at(NOW, secret), -EACCES);
	assert_int_equal(chmod(folder, 0700), 0);
	strcat(path, "/sub/tickets");
	assert_int_equal(read_at(NOW, secret), 0);
	assert_int_equal(count_files(), 1);
}

static void test_never_on_a_disk(void **state)
{
	unsigned char secret[HMAC_KEY_SIZE];

	(void)state;
	teardown(NULL);
	strcpy(folder, "/tmp/test_agent_tickets.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tickets", folder);
	if (is_memory(folder))
		skip();
	assert_int_equal(read_at(NOW, secret), -EOPNOTSUPP);
	assert_int_equal(count_files(), 0);
}

/* All at once, where there is none and where there is an old one. */
static void race(unsigned char (*secrets)[HMAC_KEY_SIZE], int64_t now)
{
	int ends[2];
	char octet;

	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < AGENTS; i++) {
		if (fork() == 0) {
			close(ends[1]);
			(void)!read(ends[0], &octet, 1);
			_exit(read_at(now, secrets[i]) < 0);
		}
	}
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < AGENTS; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

static void test_race(void **state)
{
	unsigned char(*secrets)[HMAC_KEY_SIZE] = mmap(NULL, AGENTS * HMAC_KEY_SIZE,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	NEEDS_MEMORY();
	for (int round = 0; round < 50; round++) {
		if (round % 10 == 0)
			unlink(path);
		race(secrets, NOW + round * (int64_t)AGENT_TICKETS_SECONDS);
		for (int i = 1; i < AGENTS; i++)
			assert_memory_equal(secrets[0], secrets[i], HMAC_KEY_SIZE);
	}
	assert_int_equal(count_files(), 1);
	munmap(secrets, AGENTS * HMAC_KEY_SIZE);
}

/* Agents that do nothing but rotate, killed anywhere: the next one finds or makes a secret. */
static void test_kill(void **state)
{
	unsigned char secret[HMAC_KEY_SIZE];

	(void)state;
	NEEDS_MEMORY();
	for (int round = 0; round < 200; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int64_t now = NOW;; now += AGENT_TICKETS_SECONDS)
				(void)read_at(now, secret);
		}
		usleep((useconds_t)(round * 10));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(read_at(NOW, secret), 0);
		assert_in_range(count_files(), 1, 2);
	}
	assert_int_equal(read_at(NOW + AGENT_TICKETS_SECONDS, secret), 0);
	assert_int_equal(count_files(), 1);
	assert_int_equal(notes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_for_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_on_a_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_race, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sharing - of the contract: many processes, one mailbox; every message exactly once. */
#include "contract.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EACH 100

/* Messages first to first + EACH - 1. */
static int deliver_each(unsigned first)
{
	for (unsigned n = first; n < first + EACH; n++) {
		if (try_deliver(numbered(n)))
			return -1;
	}
	return 0;
}

static void mark_seen(struct spool *spool, size_t n, unsigned char *seen, unsigned max)
{
	unsigned number = number_of(spool, n);

	assert_in_range(number, 0, max - 1);
	assert_int_equal(seen[number], 0);
	seen[number] = 1;
}

static void test_two_deliverers(void **state)
{
	unsigned char seen[2 * EACH] = {0};
	struct spool *spool;
	pid_t pids[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		pids[i] = start(deliver_each, i * EACH);
	for (unsigned i = 0; i < 2; i++)
		finish(pids[i]);
	spool = must_open();
	assert_int_equal(spool_count(spool), 2 * EACH);
	for (size_t n = 0; n < 2 * EACH; n++)
		mark_seen(spool, n, seen, 2 * EACH);
	spool_close(&spool);
}

/* Read and remove what is there now, but for every third. */
static size_t take_some(unsigned char *seen, unsigned max)
{
	struct spool *spool = must_open();
	int *numbers = calloc(spool_count(spool) + 1, sizeof(*numbers));
	size_t taken = 0;

	assert_non_null(numbers);
	for (size_t n = 0; n < spool_count(spool); n++) {
		if (n % 3 == 2)
			continue;
		mark_seen(spool, n, seen, max);
		numbers[taken++] = (int)n;
	}
	numbers[taken] = -1;
	assert_int_equal(try_remove(spool, numbers), 0);
	free(numbers);
	spool_close(&spool);
	return taken;
}

static void test_removal_among_deliveries(void **state)
{
	unsigned char seen[2 * EACH] = {0};
	size_t taken = 0;
	pid_t pids[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		pids[i] = start(deliver_each, i * EACH);
	while (taken < 2 * EACH)
		taken += take_some(seen, 2 * EACH);
	for (unsigned i = 0; i < 2; i++)
		finish(pids[i]);
	assert_int_equal(taken, 2 * EACH);
	assert_int_equal(count_now(), 0);
}

static void test_delivery_during_a_session(void **state)
{
	struct spool *spool;
	pid_t pid;

	(void)state;
	deliver_numbered(EACH, 2);
	spool = must_open();
	pid = start(deliver_each, 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(number_of(spool, 1), EACH + 1);
	finish(pid);
	assert_int_equal(spool_count(spool), 2);
	spool_close(&spool);
	assert_int_equal(count_now(), EACH + 2);
}

static void test_one_session(void **state)
{
	struct spool *spool;
	struct spool *second;

	(void)state;
	deliver_numbered(0, 1);
	spool = must_open();
	assert_int_equal(spool_open(&second, &place, &why), -EBUSY);
	assert_null(second);
	assert_int_equal(why.class, WHY_INUSE);
	assert_true(why.text[0]);
	assert_int_equal(number_of(spool, 0), 0);
	spool_close(&spool);
	assert_int_equal(count_now(), 1);
}

/* Opens, tells so by a line of output into the pipe `fd`, and stays. */
static int hold(unsigned fd)
{
	struct spool *spool;

	if (spool_open(&spool, &place, &why) || write((int)fd, "o", 1) != 1)
		return -1;
	pause();
	return 0;
}

static void test_killed_session(void **state)
{
	struct spool *spool;
	int pipes[2];
	char octet;
	pid_t pid;

	(void)state;
	deliver_numbered(0, 1);
	assert_int_equal(pipe(pipes), 0);
	pid = start(hold, (unsigned)pipes[1]);
	assert_int_equal(read(pipes[0], &octet, 1), 1);
	assert_int_equal(spool_open(&spool, &place, &why), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(count_now(), 1);
	close(pipes[0]);
	close(pipes[1]);
}

static int deliver_large(unsigned number)
{
	struct text message = text_new(800000);

	memset(message.at, 'x', message.len);
	memcpy(message.at, "A: b\n\n", 6);
	message.at[6] = (char)number;
	return try_deliver(message);
}

/* What was promised is there; the rest is there whole or not at all. */
static void test_killed_deliverers(void **state)
{
	unsigned char promised[40] = {0};
	unsigned char found[40] = {0};
	struct spool *spool;

	(void)state;
	for (unsigned i = 0; i < COUNT(promised); i++) {
		pid_t pid = start(deliver_large, 'A' + i);
		int status;

		usleep(i * 100);
		if (i % 4)
			kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		promised[i] = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		assert_true(promised[i] || WIFSIGNALED(status));
	}
	spool = must_open();
	for (size_t n = 0; n < spool_count(spool); n++) {
		struct text text = must_read(spool, n);
		unsigned i = (unsigned)(strstr(text.at, "\n\n")[2] - 'A');

		assert_int_equal(text.len, as_delivered(text_new(800000)).len);
		assert_in_range(i, 0, COUNT(found) - 1);
		assert_int_equal(found[i], 0);
		found[i] = 1;
	}
	spool_close(&spool);
	for (unsigned i = 0; i < COUNT(promised); i++)
		assert_true(found[i] >= promised[i]);
}

const struct contract_test tests_sharing[] = {
	{"two deliverers", test_two_deliverers},
	{"removal among deliveries", test_removal_among_deliveries},
	{"delivery during a session", test_delivery_during_a_session},
	{"one session at a time", test_one_session},
	{"a killed session's lock is free", test_killed_session},
	{"killed deliverers", test_killed_deliverers},
	{NULL, NULL},
};

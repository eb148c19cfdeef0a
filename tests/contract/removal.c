/* removal - of the contract: what was named is gone, all or nothing, and nothing else. */
#include "contract.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_remove_none(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 9);
	spool = must_open();
	assert_int_equal(try_remove(spool, (int[]){-1}), 0);
	spool_close(&spool);
	assert_int_equal(count_now(), 9);
}

static void test_remove_some(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 10);
	spool = must_open();
	assert_int_equal(try_remove(spool, (int[]){0, 4, 5, 9, -1}), 0);
	spool_close(&spool);
	assert_numbers((unsigned[]){1, 2, 3, 6, 7, 8}, 6);
	spool = must_open();
	assert_int_equal(try_remove(spool, (int[]){2, -1}), 0);
	spool_close(&spool);
	assert_numbers((unsigned[]){1, 2, 6, 7, 8}, 5);
}

static void test_closing_removes_nothing(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 2);
	spool = must_open();
	must_read(spool, 0);
	spool_close(&spool);
	assert_numbers((unsigned[]){0, 1}, 2);
}

/* Each of some that are the same octet by octet can be removed without the others. */
static void test_remove_one_of_the_same(void **state)
{
	struct text same = TEXT("Message-ID: <1@x>\nReceived: x\n\nthe very same\n");
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 1);
	for (int i = 0; i < 4; i++)
		deliver(same);
	deliver_numbered(1, 1);
	spool = must_open();
	assert_int_equal(try_remove(spool, (int[]){1, 3, -1}), 0);
	spool_close(&spool);
	spool = must_open();
	assert_int_equal(spool_count(spool), 4);
	assert_int_equal(number_of(spool, 0), 0);
	assert_text(must_read(spool, 1), as_delivered(same));
	assert_text(must_read(spool, 2), as_delivered(same));
	assert_int_equal(number_of(spool, 3), 1);
	spool_close(&spool);
}

/* What came since it was opened stays, even if all that was shown goes. */
static void test_what_came_later_stays(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 3);
	spool = must_open();
	deliver_numbered(3, 2);
	assert_int_equal(try_remove(spool, (int[]){0, 1, 2, -1}), 0);
	deliver_numbered(5, 1);
	spool_close(&spool);
	assert_numbers((unsigned[]){3, 4, 5}, 3);
}

/* Another program: one with a session lock of its own. */
static void remove_elsewhere(const int *numbers)
{
	struct spool_place here = place;
	struct spool *spool;
	struct text other = text_of("%s/other", folder);

	assert_int_equal(mkdir(other.at, 0700), 0);
	place.state = other.at;
	spool = must_open();
	assert_int_equal(try_remove(spool, numbers), 0);
	spool_close(&spool);
	place = here;
}

static void test_others_remove(void **state)
{
	struct spool_extent extent;
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 5);
	spool = must_open();
	remove_elsewhere((int[]){1, 3, -1});
	assert_int_equal(spool_count(spool), 5);
	assert_int_equal(spool_fetch(spool, 1, &extent, &why), -ESTALE);
	assert_int_equal(why.class, WHY_TEMP);
	assert_int_equal(spool_read(spool, 3, NULL, NULL, &why), -ESTALE);
	assert_int_equal(number_of(spool, 2), 2);
	assert_int_equal(number_of(spool, 4), 4);
	/* one that is gone, one that is not */
	assert_int_equal(try_remove(spool, (int[]){1, 2, -1}), 0);
	spool_close(&spool);
	assert_numbers((unsigned[]){0, 4}, 2);
}

static void test_others_remove_all(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 3);
	spool = must_open();
	remove_elsewhere((int[]){0, 1, 2, -1});
	assert_int_equal(try_remove(spool, (int[]){0, 2, -1}), 0);
	spool_close(&spool);
	assert_int_equal(count_now(), 0);
}

#define KILLED_COUNT 24

static int remove_even(unsigned argument)
{
	unsigned char bitmap[KILLED_COUNT / 8];
	struct spool *spool;

	(void)argument;
	memset(bitmap, 0x55, sizeof(bitmap));
	return spool_open(&spool, &place, &why) || spool_update(spool, bitmap, &why);
}

static void remove_all(struct spool *spool)
{
	int numbers[KILLED_COUNT + 1];
	int count = (int)spool_count(spool);

	for (int n = 0; n < count; n++)
		numbers[n] = n;
	numbers[count] = -1;
	assert_int_equal(try_remove(spool, numbers), 0);
}

/* Whoever is killed has removed all of them, or none, or it is finished by the next one. */
static void test_killed_removal(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 25; i++) {
		struct spool *spool;
		size_t count;
		pid_t pid;

		deliver_numbered(0, KILLED_COUNT);
		pid = start(remove_even, 0);
		usleep(i * 50);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		spool = must_open();
		count = spool_count(spool);
		assert_true(count == KILLED_COUNT || count == KILLED_COUNT / 2);
		for (unsigned n = 0; n < count; n++)
			assert_int_equal(
				number_of(spool, n), count == KILLED_COUNT ? n : 2 * n + 1);
		remove_all(spool); /* for the next round */
		spool_close(&spool);
	}
}

const struct contract_test tests_removal[] = {
	{"none", test_remove_none},
	{"some", test_remove_some},
	{"closing removes nothing", test_closing_removes_nothing},
	{"one of some that are the same", test_remove_one_of_the_same},
	{"what came later stays", test_what_came_later_stays},
	{"others remove", test_others_remove},
	{"others remove all", test_others_remove_all},
	{"killed while it removes", test_killed_removal},
	{NULL, NULL},
};

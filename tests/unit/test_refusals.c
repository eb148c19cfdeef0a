/* A flood of refusals makes few lines, and none of them is left out of the count. */
#include "io/refusals.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

struct told {
	size_t lines;
	uint64_t refused; /* as those who read the log would add it up */
	uint64_t more;    /* of the last line */
	char address[PEER_ADDRESS_SIZE];
};

static void count(void *context, const char *address, uint64_t more)
{
	struct told *told = context;

	told->lines++;
	told->refused += more ? more : 1;
	told->more = more;
	snprintf(told->address, sizeof(told->address), "%s", address ? address : "others");
}

static void test_one_source(void **state)
{
	struct told told = {0};
	struct refusals refusals = {.tell = count, .context = &told};

	(void)state;
	assert_int_equal(refusals_left(&refusals, 0), INT64_MAX);
	refusals_add(&refusals, "2001:db8::", "2001:db8::1", 1000);
	assert_int_equal(told.lines, 1);
	assert_int_equal(told.more, 0);
	assert_string_equal(told.address, "2001:db8::1");
	assert_int_equal(refusals_left(&refusals, 1000), INT64_MAX);
	for (int i = 0; i < 500; i++)
		refusals_add(&refusals, "2001:db8::", "2001:db8::2", 2000 + i);
	assert_int_equal(told.lines, 1);
	assert_int_equal(refusals_left(&refusals, 3000), REFUSALS_PAUSE_MS - 2000);
	refusals_tell(&refusals, 999 + REFUSALS_PAUSE_MS);
	assert_int_equal(told.lines, 1);
	refusals_tell(&refusals, 1000 + REFUSALS_PAUSE_MS);
	assert_int_equal(told.lines, 2);
	assert_int_equal(told.more, 500);
	assert_string_equal(told.address, "2001:db8::2");
	/* Nothing new, nothing said; and after a quiet while the next is a first one. */
	refusals_tell(&refusals, 1000 + 5 * REFUSALS_PAUSE_MS);
	assert_int_equal(told.lines, 2);
	refusals_add(&refusals, "2001:db8::", "2001:db8::3", 1000 + 5 * REFUSALS_PAUSE_MS);
	assert_int_equal(told.lines, 3);
	assert_int_equal(told.more, 0);
}

static void test_the_end(void **state)
{
	struct told told = {0};
	struct refusals refusals = {.tell = count, .context = &told};

	(void)state;
	for (int i = 0; i < 3; i++)
		refusals_add(&refusals, "192.0.2.1", "192.0.2.1", 1);
	refusals_end(&refusals);
	assert_int_equal(told.lines, 2);
	assert_int_equal(told.refused, 3);
	refusals_end(&refusals);
	assert_int_equal(told.lines, 2);
}

/* A million refusals from 50,000 sources within 100 seconds. */
static void test_many_sources(void **state)
{
	struct told told = {0};
	struct refusals refusals = {.tell = count, .context = &told};

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		char source[PEER_ADDRESS_SIZE];

		snprintf(source, sizeof(source), "source %d", i % 50000);
		refusals_add(&refusals, source, source, i / 10);
	}
	refusals_end(&refusals);
	assert_int_equal(told.refused, 1000000);
	assert_string_equal(told.address, "others");
	assert_in_range(told.lines, REFUSALS_SOURCES, 11 * (REFUSALS_SOURCES + 1));
}

static void test_nobody_wants_to_know(void **state)
{
	struct refusals refusals = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		refusals_add(&refusals, "192.0.2.1", "192.0.2.1", 1);
	assert_int_equal(refusals_left(&refusals, 1), INT64_MAX);
	refusals_end(&refusals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_source),
		cmocka_unit_test(test_the_end),
		cmocka_unit_test(test_many_sources),
		cmocka_unit_test(test_nobody_wants_to_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A leaky counter, whatever the clock does and whatever the file says; and what a source is. */
#include "policy/policy_record.h"
#include "policy/policy_source.h"
#include "unit.h"

#include <string.h>

#define NOW    1795525200
#define FORGET 60

static struct policy_record counted(uint32_t count, int64_t now)
{
	struct policy_record record;

	policy_record_init(&record, now);
	for (uint32_t i = 0; i < count; i++)
		policy_record_add(&record, now);
	return record;
}

static void test_leak(void **state)
{
	struct policy_record record = counted(5, NOW);

	(void)state;
	policy_record_age(&record, 20, FORGET, NOW + 59);
	assert_int_equal(record.count, 5);
	policy_record_age(&record, 20, FORGET, NOW + 60);
	assert_int_equal(record.count, 4);
	policy_record_age(&record, 20, FORGET, NOW + 119);
	assert_int_equal(record.count, 4);
	policy_record_age(&record, 20, FORGET, NOW + 185);
	assert_int_equal(record.count, 2);
	policy_record_age(&record, 20, FORGET, NOW + 100000);
	assert_int_equal(record.count, 0);
	assert_true(policy_record_is_empty(&record, NOW + 100000));
	/* The time in which the first one is forgotten begins with it. */
	policy_record_add(&record, NOW + 100050);
	policy_record_age(&record, 20, FORGET, NOW + 100109);
	assert_int_equal(record.count, 1);
}

static void test_wait(void **state)
{
	struct policy_record record = counted(20, NOW);

	(void)state;
	for (int64_t now = NOW; now < NOW + FORGET; now++) {
		policy_record_age(&record, 20, FORGET, now);
		assert_int_equal(policy_record_wait(&record, 20, FORGET, now), NOW + FORGET - now);
	}
	policy_record_age(&record, 20, FORGET, NOW + FORGET);
	assert_int_equal(policy_record_wait(&record, 20, FORGET, NOW + FORGET), 0);
	/* A limit that was lowered shuts nobody out for longer. */
	record = counted(900, NOW);
	policy_record_age(&record, 20, FORGET, NOW);
	assert_int_equal(policy_record_wait(&record, 20, FORGET, NOW), FORGET);
	policy_record_age(&record, 20, FORGET, NOW + FORGET);
	assert_int_equal(policy_record_wait(&record, 20, FORGET, NOW + FORGET), 0);
}

static void test_delay(void **state)
{
	static const uint64_t limits[] = {1, 2, 3, 4, 5, 20, 50, 1000, 1000000};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		uint32_t before = 0;

		for (uint32_t count = 0; count < limits[i] && count < 2000; count++) {
			struct policy_record record = counted(count, NOW);
			uint32_t delay = policy_record_delay(&record, limits[i]);

			assert_in_range(delay, before, POLICY_DELAY_MS);
			if (count == 0 || count < limits[i] / 4)
				assert_int_equal(delay, 0);
			else if (limits[i] < 2000)
				assert_true(delay > 0);
			if (count > 0 && count == limits[i] - 1)
				assert_int_equal(delay, POLICY_DELAY_MS);
			before = delay;
		}
	}
}

static void test_clock(void **state)
{
	static const int64_t steps[] = {-1, -59, -3600, -NOW};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct policy_record record = counted(20, NOW);
		int64_t now = NOW + steps[i];

		record.known = NOW;
		policy_record_age(&record, 20, FORGET, now);
		assert_int_equal(policy_record_wait(&record, 20, FORGET, now), FORGET);
		policy_record_age(&record, 20, FORGET, now + FORGET);
		assert_int_equal(policy_record_wait(&record, 20, FORGET, now + FORGET), 0);
		assert_true(record.known <= now + FORGET);
	}
}

static void test_known(void **state)
{
	struct policy_record record = counted(0, NOW);

	(void)state;
	assert_false(policy_record_is_known(&record, NOW));
	record.known = NOW;
	assert_true(policy_record_is_known(&record, NOW));
	assert_false(policy_record_is_empty(&record, NOW + POLICY_KNOWN_SECONDS - 1));
	assert_true(policy_record_is_empty(&record, NOW + POLICY_KNOWN_SECONDS));
}

static void test_take_back(void **state)
{
	struct policy_record record = counted(2, NOW);

	(void)state;
	policy_record_take_back(&record, NOW);
	assert_int_equal(record.count, 1);
	policy_record_take_back(&record, NOW);
	policy_record_take_back(&record, NOW);
	assert_int_equal(record.count, 0);
}

static void test_sound(void **state)
{
	struct policy_record record = counted(5, NOW);
	struct policy_record bad;

	(void)state;
	assert_true(policy_record_is_sound(&record));
	bad = record;
	bad.form++;
	assert_false(policy_record_is_sound(&bad));
	bad = record;
	bad.count = 2000001;
	assert_false(policy_record_is_sound(&bad));
	bad = record;
	bad.since = -1;
	assert_false(policy_record_is_sound(&bad));
	bad = record;
	bad.known = INT64_MIN;
	assert_false(policy_record_is_sound(&bad));
	bad = record;
	bad.used = INT64_MAX;
	assert_false(policy_record_is_sound(&bad));
	/* The largest that is sound makes no arithmetic overflow. */
	record.since = record.known = record.used = (1LL << 40) - 1;
	record.count = 2000000;
	assert_true(policy_record_is_sound(&record));
	policy_record_age(&record, 1000000, 86400, 0);
	assert_int_equal(policy_record_wait(&record, 1000000, 86400, 0), 86400);
	record.since = 0;
	policy_record_age(&record, 1000000, 1, (1LL << 40) - 1);
	assert_int_equal(record.count, 0);
}

static void test_source(void **state)
{
	static const struct {
		const char *one, *two;
		bool same;
	} pairs[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "::192.0.2.1", false},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"2001:DB8:1:2::1", "2001:db8:1:2::2", true},
		{"::1", "127.0.0.1", false},
	};
	static const char *const none[] = {"local", "unknown", "", "1.2.3", "1.2.3.4.5", "::1::2",
		"fe80::1%lo", "192.0.2.1 ", "0x7f.0.0.1"};
	unsigned char one[POLICY_SOURCE_SIZE], two[POLICY_SOURCE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_true(policy_source_parse(pairs[i].one, one));
		assert_true(policy_source_parse(pairs[i].two, two));
		if ((memcmp(one, two, sizeof(one)) == 0) != pairs[i].same)
			fail_msg("%s and %s", pairs[i].one, pairs[i].two);
	}
	for (size_t i = 0; i < COUNT(none); i++) {
		if (policy_source_parse(none[i], one))
			fail_msg("\"%s\" is an address", none[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_take_back),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

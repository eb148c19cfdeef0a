/* Who is let in, who waits, who is refused; by a clock of our own. */
#include "policy/policy_failures.h"
#include "policy/policy_record.h"
#include "policy/policy_table.h"
#include "policy_place.h"

#include <errno.h>

#define NOW    1795525200
#define FORGET 60

static const struct policy_rules rules = {20, 50, FORGET};

static struct policy_attempt about(const char *source, const char *user, int64_t now)
{
	return (struct policy_attempt){
		.path = table_path, .source = source, .user = user, .now = now};
}

static struct policy_verdict begin(const char *source, const char *user, int64_t now)
{
	const struct policy_attempt attempt = about(source, user, now);
	struct policy_verdict verdict = {0};

	assert_int_equal(policy_failures_begin(&rules, &attempt, &verdict), 0);
	return verdict;
}

static void settle(const char *source, const char *user, int64_t now, struct policy_verdict verdict,
	enum policy_outcome outcome)
{
	const struct policy_attempt attempt = about(source, user, now);

	assert_int_equal(policy_failures_settle(&rules, &attempt, &verdict, outcome), 0);
}

static void succeed(const char *source, const char *user, int64_t now)
{
	struct policy_verdict verdict = begin(source, user, now);

	assert_int_equal(verdict.refused, 0);
	settle(source, user, now, verdict, POLICY_SUCCESS);
}

/* So many attempts that are let through, then one that is not. */
static void expect_tries(
	const char *source, const char *user, int64_t now, unsigned tries, uint32_t refused)
{
	struct policy_verdict verdict;

	for (unsigned i = 0; i < tries; i++) {
		verdict = begin(source, user, now);
		if (verdict.refused)
			fail_msg("%s %s: refused after %u tries", source, user, i);
	}
	verdict = begin(source, user, now);
	assert_int_equal(verdict.refused, refused);
	assert_in_range(verdict.wait_seconds, 1, FORGET);
	assert_int_equal(verdict.delay_ms, 0);
	assert_int_equal(verdict.counted, 0);
}

static size_t count_entries(void)
{
	struct policy_table table;
	MDB_stat stat;

	assert_int_equal(policy_table_open(&table, table_path), 0);
	assert_int_equal(mdb_stat(table.txn, table.dbi, &stat), 0);
	assert_int_equal(policy_table_close(&table, false), 0);
	return stat.ms_entries - 1; /* the head */
}

static void test_source(void **state)
{
	char user[32];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		assert_int_equal(begin("192.0.2.1", user, NOW).refused, 0);
	}
	expect_tries("192.0.2.1", "new", NOW, 0, POLICY_SOURCE);
	expect_tries("::ffff:192.0.2.1", "new", NOW, 0, POLICY_SOURCE);
	assert_int_equal(begin("192.0.2.2", "new", NOW).refused, 0);
	/* One a minute is forgotten, so one is let through. */
	expect_tries("192.0.2.1", "new", NOW + FORGET, 1, POLICY_SOURCE);
	expect_tries("192.0.2.1", "new", NOW + 3 * FORGET, 2, POLICY_SOURCE);
	expect_tries("192.0.2.1", "other", NOW + 100 * FORGET, 20, POLICY_SOURCE);
}

static void test_user(void **state)
{
	char source[32];

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(source, sizeof(source), "2001:db8:0:%x::1", i);
		assert_int_equal(begin(source, "alice", NOW).refused, 0);
	}
	expect_tries("2001:db8:1::1", "alice", NOW, 0, POLICY_USER);
	assert_int_equal(begin("2001:db8:1::1", "bob", NOW).refused, 0);
	expect_tries("2001:db8:1::1", "alice", NOW + FORGET, 1, POLICY_USER);
}

static void test_one_ipv6_network(void **state)
{
	char source[64];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(source, sizeof(source), "2001:db8:1:2:%x::%x", 0x1000 * i & 0xffff, i + 1);
		assert_int_equal(begin(source, "", NOW).refused, 0);
	}
	expect_tries("2001:db8:1:2::1", "", NOW, 0, POLICY_SOURCE);
	assert_int_equal(begin("2001:db8:1:3::1", "", NOW).refused, 0);
}

/* Who was there before stays in, whatever others do to the address or the name. */
static void test_known(void **state)
{
	char source[32];

	(void)state;
	succeed("192.0.2.1", "alice", NOW);
	expect_tries("192.0.2.1", "bob", NOW, 20, POLICY_SOURCE);
	for (int i = 0; i < 50; i++) {
		snprintf(source, sizeof(source), "198.51.100.%d", i);
		assert_int_equal(begin(source, "alice", NOW).refused, 0);
	}
	expect_tries("198.51.100.99", "alice", NOW, 0, POLICY_USER);
	for (int i = 0; i < 100; i++)
		succeed("192.0.2.1", "alice", NOW);
	/* But not those who try this user's password from there. */
	expect_tries("192.0.2.1", "alice", NOW, 20, POLICY_PAIR);
	expect_tries("192.0.2.1", "alice", NOW + FORGET, 1, POLICY_PAIR);
	/* What they did is held against nobody else. */
	expect_tries("192.0.2.1", "carol", NOW + FORGET, 1, POLICY_SOURCE);
	/* A month later nobody is known. */
	expect_tries("192.0.2.1", "bob", NOW + POLICY_KNOWN_SECONDS, 20, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", NOW + POLICY_KNOWN_SECONDS, 0, POLICY_SOURCE);
}

/* Success takes back its own attempt, and no other's. */
static void test_settle(void **state)
{
	struct policy_verdict verdict;

	(void)state;
	for (int i = 0; i < 19; i++)
		(void)begin("192.0.2.1", "mallory", NOW);
	for (int i = 0; i < 100; i++) {
		char user[32];

		snprintf(user, sizeof(user), "user%d", i);
		succeed("192.0.2.1", user, NOW);
	}
	expect_tries("192.0.2.1", "mallory", NOW, 1, POLICY_SOURCE);
	for (int i = 0; i < 100; i++) {
		verdict = begin("192.0.2.2", "alice", NOW);
		assert_int_equal(verdict.refused, 0);
		settle("192.0.2.2", "alice", NOW, verdict, POLICY_NO_FAILURE);
	}
	expect_tries("192.0.2.2", "alice", NOW, 20, POLICY_SOURCE);
}

/* Two at once, of whom the first makes the pair known: the second takes back what it has counted.
 */
static void test_settle_twice(void **state)
{
	struct policy_verdict one, two;

	(void)state;
	one = begin("192.0.2.1", "alice", NOW);
	two = begin("192.0.2.1", "alice", NOW);
	assert_int_equal(one.counted, POLICY_SOURCE | POLICY_USER);
	assert_int_equal(two.counted, POLICY_SOURCE | POLICY_USER);
	settle("192.0.2.1", "alice", NOW, one, POLICY_SUCCESS);
	settle("192.0.2.1", "alice", NOW, two, POLICY_SUCCESS);
	assert_int_equal(count_entries(), 1);
	one = begin("192.0.2.1", "alice", NOW);
	assert_int_equal(one.counted, POLICY_PAIR);
	settle("192.0.2.1", "alice", NOW + 1000, one, POLICY_SUCCESS);
	expect_tries("192.0.2.1", "bob", NOW, 20, POLICY_SOURCE);
}

static void test_nothing_to_count(void **state)
{
	struct policy_verdict verdict;

	(void)state;
	for (int i = 0; i < 100; i++) {
		verdict = begin("local", "", NOW);
		assert_int_equal(verdict.refused | verdict.counted | verdict.delay_ms, 0);
		settle("local", "", NOW, verdict, POLICY_SUCCESS);
	}
	assert_int_equal(count_entries(), 0);
	expect_tries("local", "alice", NOW, 50, POLICY_USER);
	expect_tries("unknown", "alice", NOW, 0, POLICY_USER);
	assert_int_equal(count_entries(), 1);
}

static void test_delay(void **state)
{
	uint32_t before = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint32_t delay = begin("192.0.2.1", "alice", NOW).delay_ms;

		assert_true(i < 5 ? delay == 0 : delay > before);
		before = delay;
	}
	assert_int_equal(before, POLICY_DELAY_MS);
	/* A user's counts, too: 20 of 50 are more than a quarter. */
	assert_int_equal(begin("192.0.2.2", "alice", NOW).delay_ms, POLICY_DELAY_MS * 9 / 38);
}

static void test_clock_set_back(void **state)
{
	(void)state;
	expect_tries("192.0.2.1", "alice", NOW, 20, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", NOW - 1000000, 0, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", NOW - 1000000 + FORGET, 1, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", 0, 0, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", FORGET, 1, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", -5, 0, POLICY_SOURCE);
	expect_tries("192.0.2.1", "alice", FORGET, 1, POLICY_SOURCE);
	/* Once it is right again, nothing of it is left. */
	expect_tries("192.0.2.1", "alice", NOW, 20, POLICY_SOURCE);
}

static void test_refusals_write_nothing(void **state)
{
	char user[32];
	size_t before;

	(void)state;
	expect_tries("192.0.2.1", "alice", NOW, 20, POLICY_SOURCE);
	before = count_entries();
	for (int i = 0; i < 100; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		assert_int_equal(begin("192.0.2.1", user, NOW).refused, POLICY_SOURCE);
	}
	assert_int_equal(count_entries(), before);
}

/* A table as full as it gets, of one kind of record, in one go. */
static void fill_table(bool known, int64_t now)
{
	struct policy_table table;
	struct policy_record record;
	char user[32];

	policy_record_init(&record, now);
	policy_record_add(&record, now);
	record.known = known ? now : 0;
	assert_int_equal(policy_table_open(&table, table_path), 0);
	for (int i = 0; i < POLICY_TABLE_MOST; i++) {
		struct policy_key key;

		snprintf(user, sizeof(user), "filler%d", i);
		key = policy_table_key(&table, POLICY_OF_USER, NULL, user);
		assert_int_equal(policy_table_put(&table, &key, &record), 0);
	}
	assert_int_equal(policy_table_close(&table, true), 0);
}

static void flood(int64_t now, int attempts)
{
	char source[32], user[32];

	for (int i = 0; i < attempts; i++) {
		snprintf(source, sizeof(source), "10.%d.%d.1", i / 256, i % 256);
		snprintf(user, sizeof(user), "flood%d", i);
		assert_int_equal(begin(source, user, now + i / 100).refused, 0);
		if (i % 500 == 0)
			expect_tries(
				"192.0.2.1", "victim", now + i / 100, i ? 0 : 20, POLICY_SOURCE);
	}
}

/* However many sources and users there are, the table keeps its size, who was counted last stays
 * counted, and nobody sees an error. */
static void test_full(void **state)
{
	struct stat st;

	(void)state;
	fill_table(false, NOW - 30);
	flood(NOW, 3001);
	assert_in_range(count_entries(), 1, POLICY_TABLE_MOST);
	assert_int_equal(stat(table_path, &st), 0);
	assert_in_range(st.st_size, 1, POLICY_TABLE_MAX / 2 + POLICY_TABLE_MAX / 4);
}

/* The same where a clock was set back, so that all there is lies in the future. */
static void test_full_of_the_future(void **state)
{
	(void)state;
	fill_table(false, NOW + 1000000);
	flood(NOW, 3001);
	assert_in_range(count_entries(), 1, POLICY_TABLE_MOST);
}

/* Known users are the last to go. */
static void test_full_of_known(void **state)
{
	(void)state;
	succeed("192.0.2.77", "alice", NOW - 20);
	fill_table(true, NOW - 30);
	flood(NOW, 1001);
	assert_in_range(count_entries(), 1, POLICY_TABLE_MOST);
	assert_int_equal(begin("192.0.2.77", "alice", NOW).counted, POLICY_PAIR);
}

/* What is forgotten goes by itself, a little with each attempt. */
static void test_expired_go(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		char user[32];

		snprintf(user, sizeof(user), "user%d", i);
		(void)begin("local", user, NOW);
	}
	assert_int_equal(count_entries(), 2000);
	for (int i = 0; i < 1000; i++)
		(void)begin("local", "alice", NOW + FORGET + i * FORGET);
	assert_in_range(count_entries(), 1, 20);
}

static void test_foreign_tables(void **state)
{
	const struct policy_attempt attempt = about("192.0.2.1", "alice", NOW);
	struct policy_verdict verdict = {0};
	struct policy_table table;
	MDB_val name = {.mv_size = 4, .mv_data = (char[]){"head"}};
	MDB_val value = {.mv_size = 4, .mv_data = (char[]){"else"}};
	char garbage[8192];

	(void)state;
	memset(garbage, 'x', sizeof(garbage));
	write_file("failures", garbage, sizeof(garbage));
	assert_int_equal(policy_failures_begin(&rules, &attempt, &verdict), -EUCLEAN);
	write_file("failures", garbage, 10);
	assert_int_equal(policy_failures_begin(&rules, &attempt, &verdict), -EUCLEAN);
	/* LMDB's, and another program's: without our head, or with another's. */
	for (int with_head = 0; with_head < 2; with_head++) {
		unlink(table_path);
		assert_int_equal(policy_table_open(&table, table_path), 0);
		assert_int_equal(mdb_drop(table.txn, table.dbi, 0), 0);
		if (!with_head)
			name.mv_size = 3;
		assert_int_equal(mdb_put(table.txn, table.dbi, &name, &value, 0), 0);
		name.mv_size = 4;
		assert_int_equal(policy_table_close(&table, true), 0);
		assert_int_equal(policy_failures_begin(&rules, &attempt, &verdict), -EUCLEAN);
	}
	unlink(table_path);
	assert_int_equal(policy_failures_begin(&rules, &attempt, &verdict), 0);
}

/* Nobody reads addresses or names out of the file, and two tables have nothing in common. */
static void test_keys_are_secret(void **state)
{
	static const unsigned char source[POLICY_SOURCE_SIZE] = {4, 192, 0, 2, 1};
	struct policy_table table;
	struct policy_key one, two, other;

	(void)state;
	assert_int_equal(policy_table_open(&table, table_path), 0);
	one = policy_table_key(&table, POLICY_OF_PAIR, source, "alice");
	two = policy_table_key(&table, POLICY_OF_PAIR, source, "alice2");
	other = policy_table_key(&table, POLICY_OF_USER, source, "alice");
	assert_memory_not_equal(&one, &two, sizeof(one));
	assert_memory_not_equal(&one, &other, sizeof(one));
	assert_int_equal(policy_table_close(&table, true), 0);
	assert_int_equal(policy_table_open(&table, table_path), 0);
	two = policy_table_key(&table, POLICY_OF_PAIR, source, "alice");
	assert_memory_equal(&one, &two, sizeof(one));
	assert_int_equal(policy_table_close(&table, true), 0);
	unlink(table_path);
	assert_int_equal(policy_table_open(&table, table_path), 0);
	two = policy_table_key(&table, POLICY_OF_PAIR, source, "alice");
	assert_memory_not_equal(&one, &two, sizeof(one));
	assert_int_equal(policy_table_close(&table, true), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_source),
		TEST(test_user),
		TEST(test_one_ipv6_network),
		TEST(test_known),
		TEST(test_settle),
		TEST(test_settle_twice),
		TEST(test_nothing_to_count),
		TEST(test_delay),
		TEST(test_clock_set_back),
		TEST(test_refusals_write_nothing),
		TEST(test_full),
		TEST(test_full_of_the_future),
		TEST(test_full_of_known),
		TEST(test_expired_go),
		TEST(test_foreign_tables),
		TEST(test_keys_are_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is told of a mailbox, and that a repair leaves alone what is not damaged. */
#include "contract.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct spool_report report;

static void found(void *context, const struct spool_finding *finding)
{
	(void)finding;
	++*(unsigned *)context;
}

static int look(int (*how)(const struct spool_place *where, const struct spool_inspector *inspector,
			struct spool_report *out, struct why *reason),
	unsigned *findings)
{
	struct spool_inspector inspector = {.found = found, .context = findings};

	*findings = 0;
	memset(&report, 0xff, sizeof(report));
	return how(&place, &inspector, &report, &why);
}

static void test_nothing(void **state)
{
	unsigned findings;

	(void)state;
	assert_int_equal(look(spool_inspect, &findings), 0);
	assert_false(report.exists);
	assert_int_equal(report.begins + report.size + report.damages + report.others, 0);
	assert_int_equal(look(spool_repair, &findings), 0);
	assert_false(report.exists);
	assert_int_equal(findings, 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_healthy(void **state)
{
	static const unsigned numbers[] = {0, 1, 2};
	unsigned findings;

	(void)state;
	deliver_numbered(0, 3);
	assert_int_equal(look(spool_inspect, &findings), 0);
	assert_true(report.exists);
	assert_int_equal(report.begins, 3);
	assert_int_equal(look(spool_repair, &findings), 0);
	assert_int_equal(report.begins, 3);
	assert_int_equal(report.damages + report.others + report.mended + findings, 0);
	assert_numbers(numbers, COUNT(numbers));
}

static void test_not_during_a_session(void **state)
{
	unsigned findings;
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 1);
	spool = must_open();
	assert_int_equal(look(spool_repair, &findings), -EBUSY);
	assert_int_equal(why.class, WHY_INUSE);
	assert_int_equal(look(spool_inspect, &findings), 0);
	assert_int_equal(report.begins, 1);
	spool_close(&spool);
	assert_int_equal(look(spool_repair, &findings), 0);
}

static void test_no_such_kind(void **state)
{
	const char *location = place.location;
	unsigned findings;

	(void)state;
	place.location = "box:/tmp/x";
	assert_int_equal(look(spool_inspect, &findings), -EINVAL);
	assert_int_equal(look(spool_repair, &findings), -EINVAL);
	place.location = location;
}

const struct contract_test tests_repair[] = {
	{"no mailbox to be inspected or repaired", test_nothing},
	{"a healthy mailbox needs no repair", test_healthy},
	{"no repair during a session", test_not_during_a_session},
	{"repair of an unknown kind", test_no_such_kind},
	{NULL, NULL},
};

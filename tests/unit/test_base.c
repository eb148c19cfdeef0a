/* Strict numbers, bounded buffers, reasons, ids, dates. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/num.h"
#include "base/why.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void test_num(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t value;
	} examples[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"007", 0, 7},
		{"4294967297", 0, 4294967297ULL},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1x", -EINVAL, 0},
		{"0x1", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		uint64_t value = 0;
		int err = num_parse(examples[i].text, strlen(examples[i].text), UINT64_MAX, &value);

		if (err != examples[i].err || value != examples[i].value)
			fail_msg("\"%s\": %d", examples[i].text, err);
	}
}

static void test_num_bounds(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(num_parse("5", 1, 4, &value), -ERANGE);
	assert_int_equal(num_parse("10", 2, 10, &value), 0);
	assert_int_equal(num_parse("11", 2, 10, &value), -ERANGE);
	assert_int_equal(num_parse_size("2K", UINT64_MAX, &value), 0);
	assert_int_equal(value, 2048);
	assert_int_equal(num_parse_size("17179869184G", UINT64_MAX, &value), -ERANGE);
	assert_int_equal(num_parse_size("1T", UINT64_MAX, &value), -EINVAL);
	assert_int_equal(num_parse_seconds("5m", UINT64_MAX, &value), 0);
	assert_int_equal(value, 300);
	assert_int_equal(num_parse_seconds("m", UINT64_MAX, &value), -EINVAL);
}

static void test_buf(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 600);
	for (int i = 0; i < 60; i++)
		assert_int_equal(buf_addf(&buf, "%010d", i), 0);
	assert_int_equal(buf_add(&buf, "x", 1), -ENOBUFS);
	assert_int_equal(buf.len, 600);
	buf_drop(&buf, 10);
	assert_memory_equal(buf.at, "0000000001", 10);
	assert_int_equal(buf_add(&buf, "x", 1), 0);
	buf_done(&buf);
}

static void test_why(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(why_errno(&why, ENOSPC, "/a\nb", "write"), -ENOSPC);
	assert_string_equal(why.status, "4.3.1");
	assert_string_equal(why.text, "/a?b: write: No space left on device");
	assert_int_equal(why_set(&why, EPERM, WHY_PERM, "5.1.1", "%0300d", 1), -EPERM);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

static void test_id(void **state)
{
	char a[ID_SIZE];
	char b[ID_SIZE];

	(void)state;
	id_make(a);
	id_make(b);
	assert_int_equal(strlen(a), ID_SIZE - 1);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "0123456789abcdefghjkmnpqrstvwxyz"), ID_SIZE - 1);
}

static void test_dates(void **state)
{
	char text[CLOCK_DATE_SIZE];

	(void)state;
	clock_asctime(1795525200, text);
	assert_string_equal(text, "Tue Nov 24 13:00:00 2026");
	clock_date(1795525200, text);
	assert_non_null(strstr(text, " Nov 2026 "));
	assert_int_equal(strspn(text + strlen(text) - 4, "0123456789"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_num),
		cmocka_unit_test(test_num_bounds),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

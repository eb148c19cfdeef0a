/* Strict numbers, bounded buffers, reasons, ids, dates, HMAC. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/hmac.h"
#include "base/id.h"
#include "base/num.h"
#include "base/why.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
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

/* RFC 4231 sections 4.2, 4.3, 4.5; a shorter key is one with zeros behind it (RFC 2104 section 2).
 */
static void test_hmac(void **state)
{
	static const struct {
		const char *key;
		const char *message;
		const char *hmac;
	} examples[] = {
		{"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
			"Hi There",
			"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
			"daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
		{"Jefe", "what do ya want for nothing?",
			"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
			"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
		{"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"
		 "\x15\x16\x17\x18\x19",
			"\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
			"\xcd\xcd"
			"\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
			"\xcd\xcd"
			"\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd",
			"b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
			"a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		unsigned char key[HMAC_KEY_SIZE] = {0};
		unsigned char out[HMAC_SIZE];
		char hex[2 * HMAC_SIZE + 1];

		memcpy(key, examples[i].key, strlen(examples[i].key));
		hmac_make(key, examples[i].message, strlen(examples[i].message), out);
		for (size_t at = 0; at < HMAC_SIZE; at++)
			sprintf(hex + 2 * at, "%02x", out[at]);
		assert_string_equal(hex, examples[i].hmac);
	}
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
		cmocka_unit_test(test_hmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

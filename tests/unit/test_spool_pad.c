/* Unit tests of lib/spool/mbox_pad: any length is one field, and only that is one. */
#include "unit.h"

#include "spool/mbox_pad.h"

#include <string.h>

/* Does text[0..len) consist of one field, line by line, none longer than allowed? */
static bool is_one_field(const char *text, size_t len)
{
	bool more = false;

	while (len > 0) {
		const char *lf = memchr(text, '\n', len);
		size_t line = lf ? (size_t)(lf - text) : len;

		if (!lf || line >= MBOX_PAD_LINE)
			return false;
		if (more ? !mbox_pad_is_more(text, line) : !mbox_pad_is_begin(text, line))
			return false;
		more = true;
		text += line + 1;
		len -= line + 1;
	}
	return more;
}

static void test_any_length_is_one_field(void **state)
{
	char text[9000];

	(void)state;
	for (size_t len = MBOX_PAD_MIN; len < sizeof(text); len++) {
		memset(text, '?', sizeof(text));
		mbox_pad_make(text, len);
		assert_true(is_one_field(text, len));
		assert_int_equal(text[len], '?');
	}
}

static bool is_begin(const char *line)
{
	return mbox_pad_is_begin(line, strlen(line));
}

static bool is_more(const char *line)
{
	return mbox_pad_is_more(line, strlen(line));
}

static void test_what_is_none(void **state)
{
	(void)state;
	assert_true(is_begin("X-Pillarbox-Padding: x"));
	assert_false(is_begin("X-Pillarbox-Padding: "));
	assert_false(is_begin("X-Pillarbox-Padding:x"));
	assert_false(is_begin("x-pillarbox-padding: x"));
	assert_false(is_begin("X-Pillarbox-Padding: xxx mail"));
	assert_false(is_begin(" X-Pillarbox-Padding: x"));
	assert_true(is_more(" x"));
	assert_false(is_more(" "));
	assert_false(is_more("x"));
	assert_false(is_more("\tx"));
	assert_false(is_more(" xxy"));
	assert_false(is_more(" x\r"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_length_is_one_field),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

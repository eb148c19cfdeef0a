/* RFC 5321 paths and parameters: what is let through, what is refused and why, and back to text. */
#include "mail/path.h"

#include "unit.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *in;
	int err;
	const char *local;
	const char *domain;
	const char *text; /* NULL: not looked at */
} examples[] = {
	{"<a@b.c>", 0, "a", "b.c", "a@b.c"},
	{"<>", 0, "", "", ""},
	{"<postmaster>", 0, "postmaster", "", "postmaster"},
	{"<PostMaster>", 0, "PostMaster", "", NULL},
	{"<a@B.Example>", 0, "a", "b.example", NULL},
	{"<a.b+c=d@x-y.z>", 0, "a.b+c=d", "x-y.z", "a.b+c=d@x-y.z"},
	{"<\"a b\"@c>", 0, "a b", "c", "\"a b\"@c"},
	{"<\"a\\\"b\\\\\"@c>", 0, "a\"b\\", "c", "\"a\\\"b\\\\\"@c"},
	{"<\"a@b\"@c>", 0, "a@b", "c", "\"a@b\"@c"},
	{"<\"plain\"@c>", 0, "plain", "c", "plain@c"},
	{"<a@[192.0.2.1]>", 0, "a", "[192.0.2.1]", "a@[192.0.2.1]"},
	{"<a@[IPv6:2001:DB8::1]>", 0, "a", "[IPv6:2001:db8::1]", NULL},
	{"<@x.y,@z:a@b>", 0, "a", "b", "a@b"},
	{"<a%b@c>", 0, "a%b", "c", NULL},
	{"<a_b@c_d>", 0, "a_b", "c_d", NULL},
	{"a@b", -EINVAL, NULL, NULL, NULL},
	{"<a@b", -EINVAL, NULL, NULL, NULL},
	{"<a>", -EINVAL, NULL, NULL, NULL},
	{"<@b>", -EINVAL, NULL, NULL, NULL},
	{"<a@>", -EINVAL, NULL, NULL, NULL},
	{"<a@b@c>", -EINVAL, NULL, NULL, NULL},
	{"<a b@c>", -EINVAL, NULL, NULL, NULL},
	{"<.a@b>", -EINVAL, NULL, NULL, NULL},
	{"<a.@b>", -EINVAL, NULL, NULL, NULL},
	{"<a..b@c>", -EINVAL, NULL, NULL, NULL},
	{"<a@b..c>", -EINVAL, NULL, NULL, NULL},
	{"<a@b.>", -EINVAL, NULL, NULL, NULL},
	{"<a@.b>", -EINVAL, NULL, NULL, NULL},
	{"<a@-b>", -EINVAL, NULL, NULL, NULL},
	{"<a@b->", -EINVAL, NULL, NULL, NULL},
	{"<\"\"@b>", -EINVAL, NULL, NULL, NULL},
	{"<\"a@b>", -EINVAL, NULL, NULL, NULL},
	{"<\"a\"b@c>", -EINVAL, NULL, NULL, NULL},
	{"<\"a\tb\"@c>", -EINVAL, NULL, NULL, NULL},
	{"<\"postmaster\">", -EINVAL, NULL, NULL, NULL},
	{"<a@[999]>", -EINVAL, NULL, NULL, NULL},
	{"<a@[]>", -EINVAL, NULL, NULL, NULL},
	{"<a@[127.0.0.1>", -EINVAL, NULL, NULL, NULL},
	{"<a@[IPv6:zz]>", -EINVAL, NULL, NULL, NULL},
	{"<a@[192.0.2.1].>", -EINVAL, NULL, NULL, NULL},
	{"<@x:>", -EINVAL, NULL, NULL, NULL},
	{"<@x a@b>", -EINVAL, NULL, NULL, NULL},
	{"<<a@b>>", -EINVAL, NULL, NULL, NULL},
	{"<a@b\x01>", -EINVAL, NULL, NULL, NULL},
	{"<\xc3\xa4@b>", -EILSEQ, NULL, NULL, NULL},
	{"<a@\xc3\xa4>", -EILSEQ, NULL, NULL, NULL},
	{"", -EINVAL, NULL, NULL, NULL},
	{"<", -EINVAL, NULL, NULL, NULL},
};

static void test_table(void **state)
{
	char text[PATH_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct path path;
		size_t used;
		int err = path_parse(examples[i].in, strlen(examples[i].in), &path, &used);

		if (err != examples[i].err)
			fail_msg("%s: %d, not %d", examples[i].in, err, examples[i].err);
		if (err < 0)
			continue;
		assert_int_equal(used, strlen(examples[i].in));
		assert_string_equal(path.local, examples[i].local);
		assert_string_equal(path.domain, examples[i].domain);
		path_format(&path, text);
		if (examples[i].text)
			assert_string_equal(text, examples[i].text);
	}
}

static int parse_sized(size_t local, size_t label, size_t labels)
{
	char text[2048];
	struct path path;
	size_t used;
	char *at = text;

	*at++ = '<';
	at = (char *)memset(at, 'a', local) + local;
	*at++ = '@';
	for (size_t i = 0; i < labels; i++) {
		if (i > 0)
			*at++ = '.';
		at = (char *)memset(at, 'b', label) + label;
	}
	*at++ = '>';
	return path_parse(text, (size_t)(at - text), &path, &used);
}

static void test_lengths(void **state)
{
	(void)state;
	assert_int_equal(parse_sized(64, 3, 1), 0);
	assert_int_equal(parse_sized(65, 3, 1), -E2BIG);
	assert_int_equal(parse_sized(1, 63, 4), 0); /* 255 octets */
	assert_int_equal(parse_sized(1, 63, 5), -E2BIG);
	assert_int_equal(parse_sized(1, 64, 1), -E2BIG);
	assert_int_equal(parse_sized(1000, 3, 1), -E2BIG);
}

static void test_longest_path_fits_its_text(void **state)
{
	char in[700] = "<\"";
	char text[PATH_TEXT_SIZE];
	struct path path;
	size_t used;

	(void)state;
	for (int i = 0; i < PATH_LOCAL_MAX; i++)
		strcat(in, "\\\"");
	strcat(in, "\"@");
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			strcat(in, ".");
		memset(in + strlen(in), 'd', 63);
	}
	strcat(in, ">");
	assert_int_equal(path_parse(in, strlen(in), &path, &used), 0);
	path_format(&path, text);
	assert_int_equal(strlen(text), strlen(in) - 2);
}

static void test_params(void **state)
{
	static const char text[] = " SIZE=12  BODY=8BITMIME X";
	const char *at = text;
	const char *end = text + sizeof(text) - 1;
	struct path_param param;

	(void)state;
	assert_int_equal(path_param_next(&at, end, &param), 1);
	assert_memory_equal(param.value, "12", param.value_len);
	assert_int_equal(path_param_next(&at, end, &param), 1);
	assert_int_equal(param.keyword_len, 4);
	assert_int_equal(path_param_next(&at, end, &param), 1);
	assert_null(param.value);
	assert_int_equal(path_param_next(&at, end, &param), 0);
}

static void test_bad_params(void **state)
{
	static const char *const bad[] = {"=1", "A=", "A==", "A=1=2", "-A=1", "A=\x7f", "A\t=1"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *at = bad[i];
		struct path_param param;

		assert_int_equal(path_param_next(&at, bad[i] + strlen(bad[i]), &param), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_longest_path_fits_its_text),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_bad_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

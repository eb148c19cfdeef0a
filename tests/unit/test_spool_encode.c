/* A message on its way into a mailbox: line ends, dropped fields, quoting; at every split. */
#include "spool/encode.h"

#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *in;
	const char *out;
} examples[] = {
	{"", ""},
	{"\n", "\n"},
	{"a", "a\n"},
	{"a\r\nb\r\n", "a\nb\n"},
	{"a\rb\r\r\nc\r", "a\rb\r\nc\r\n"},
	{"\r", "\r\n"},
	{"\r\n", "\n"},
	{"From x\nA: b\n\nFrom y\n>From z\n", ">From x\nA: b\n\n>From y\n>>From z\n"},
	{"A: b\nStatus: RO\nC: d\n\nStatus: RO\n", "A: b\nC: d\n\nStatus: RO\n"},
	{"status: RO\r\nX-STATUS: D\r\nx-uid: 1\r\nX-UIDL: 2\r\nX-Keywords: y\r\nA: b\r\n\r\n",
		"A: b\n\n"},
	{"X-IMAP: 1\nX-IMAPbase: 1 2\nX-IMAP-whatever: 3\nA: b\n", "A: b\n"},
	{"Status: a\n b\n\tc\nA: b\n d\n\n", "A: b\n d\n\n"},
	{"Status : RO\nStatus \t: RO\nA : b\n", "A : b\n"},
	{"Status\nStatus report:\nStatusX: 1\nX-UIDX: 2\nX-Stat: 3\n",
		"Status\nStatus report:\nStatusX: 1\nX-UIDX: 2\nX-Stat: 3\n"},
	{"Status:", ""},
	{"Status: x", ""},
	{"Status", "Status\n"},
	{" Status: RO\nA: b\n", " Status: RO\nA: b\n"},
	{"A: b\n\n\nStatus: x\n X-UID: y\n", "A: b\n\n\nStatus: x\n X-UID: y\n"},
	{":\n:a\n\n", ":\n:a\n\n"},
	{">Status: x\n\n", ">Status: x\n\n"},
	{"A: b\nStatus: x\n\r\nb", "A: b\n\nb\n"},
	{"Status: x\r\n\ry\r\nA: b", "\ry\nA: b\n"},
};

struct result {
	char text[16384];
	size_t len;
	size_t room; /* fail with -ENOSPC behind that */
};

static int sink(void *context, const char *text, size_t len)
{
	struct result *result = context;

	if (result->len + len > result->room)
		return -ENOSPC;
	memcpy(result->text + result->len, text, len);
	result->len += len;
	return 0;
}

static int encode(const char *in, size_t len, size_t split, size_t step, struct result *result)
{
	struct encode encode;
	size_t done = 0;
	int err = 0;

	result->len = 0;
	encode_init(&encode, SPOOL_FORM_MBOXRD, sink, result);
	while (!err && done < len) {
		size_t end = done < split ? split : done + step;

		end = end < len ? end : len;
		err = encode_text(&encode, in + done, end - done);
		done = end;
	}
	return err ? err : encode_end(&encode);
}

static void examples_at_every_split(void **state)
{
	static struct result result = {.room = sizeof(result.text)};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		size_t len = strlen(examples[i].in);

		for (size_t split = 0; split <= len; split++) {
			assert_int_equal(
				encode(examples[i].in, len, split, split % 4 + 1, &result), 0);
			result.text[result.len] = '\0';
			assert_string_equal(result.text, examples[i].out);
		}
	}
}

/* A field's name is decided on at most 64 octets, a field may be of any length. */
static void long_header_lines(void **state)
{
	static struct result result = {.room = sizeof(result.text)};
	static char in[12000];

	(void)state;
	memset(in, 'n', sizeof(in));
	assert_int_equal(encode(in, sizeof(in), 100, 1000, &result), 0);
	assert_int_equal(result.len, sizeof(in) + 1);
	memcpy(in, "Status:", 7);
	assert_int_equal(encode(in, sizeof(in), 3, 1000, &result), 0);
	assert_int_equal(result.len, 0);
	memcpy(in, "Subject:", 8);
	assert_int_equal(encode(in, sizeof(in), 3, 1000, &result), 0);
	assert_int_equal(result.len, sizeof(in) + 1);
	assert_memory_equal(result.text, in, sizeof(in));
}

static void nul_passes(void **state)
{
	static struct result result = {.room = sizeof(result.text)};

	(void)state;
	assert_int_equal(encode("\0A: b\n\n\0\n", 9, 1, 2, &result), 0);
	assert_int_equal(result.len, 9);
	assert_memory_equal(result.text, "\0A: b\n\n\0\n", 9);
}

static void plain_quotes_nothing(void **state)
{
	static const char in[] = "From x\r\nStatus: RO\r\n\r\nFrom y\r\n>From z";
	static const char wanted[] = "From x\n\nFrom y\n>From z\n";
	static struct result result = {.room = sizeof(result.text)};
	struct encode plain;

	(void)state;
	for (size_t split = 0; split < sizeof(in); split++) {
		result.len = 0;
		encode_init(&plain, SPOOL_FORM_PLAIN, sink, &result);
		assert_int_equal(encode_text(&plain, in, split), 0);
		assert_int_equal(encode_text(&plain, in + split, sizeof(in) - 1 - split), 0);
		assert_int_equal(encode_end(&plain), 0);
		assert_int_equal(result.len, sizeof(wanted) - 1);
		assert_memory_equal(result.text, wanted, sizeof(wanted) - 1);
	}
}

static void failing_sink_ends_it(void **state)
{
	static struct result result;
	static const char in[] = "A: b\r\nStatus: RO\r\n\r\nFrom x\r\nlast\r";

	(void)state;
	for (result.room = 0; result.room < 18; result.room++)
		assert_int_equal(encode(in, strlen(in), 0, 3, &result), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_at_every_split),
		cmocka_unit_test(long_header_lines),
		cmocka_unit_test(nul_passes),
		cmocka_unit_test(plain_quotes_nothing),
		cmocka_unit_test(failing_sink_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The end of a message, and everything that must not be taken for one: split at every octet. */
#include "mail/dot.h"

#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct example {
	const char *name;
	const char *in;
	size_t in_len;
	enum dot_event strict;
	enum dot_event lenient;
	const char *out; /* what is decoded up to the event, strict (lenient where strict is an
			    error) */
	size_t used;     /* octets used at DOT_END */
};

#define IN(text) text, sizeof(text) - 1

static const struct example examples[] = {
	{"plain", IN("a\r\nb\r\n.\r\n"), DOT_END, DOT_END, "a\nb\n", 9},
	{"empty", IN(".\r\n"), DOT_END, DOT_END, "", 3},
	{"stuffed", IN("..\r\n...x\r\n.y\r\n.\r\n"), DOT_END, DOT_END, ".\n..x\ny\n", 17},
	{"rest is left alone", IN("a\r\n.\r\nQUIT\r\n"), DOT_END, DOT_END, "a\n", 6},
	{"8 bit", IN("\x80\xff\r\n.\r\n"), DOT_END, DOT_END, "\x80\xff\n", 7},
	{"no end yet", IN("a\r\n."), DOT_MORE, DOT_MORE, "a\n", 0},
	/* the ends of smuggled messages (research by SEC Consult and others, 2023) */
	{"LF.LF", IN("a\n.\nMAIL"), DOT_BARE_LF, DOT_END, "a\n", 4},
	{"LF.CR", IN("a\n.\rMAIL"), DOT_BARE_LF, DOT_BARE_CR, "a\n", 0},
	{"LF.CRLF", IN("a\n.\r\nMAIL"), DOT_BARE_LF, DOT_END, "a\n", 5},
	{"CR.CR", IN("a\r.\rMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a", 0},
	{"CR.LF", IN("a\r.\nMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a", 0},
	{"CR.CRLF", IN("a\r.\r\nMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a", 0},
	{"CRLF.LF", IN("a\r\n.\nMAIL"), DOT_BARE_LF, DOT_END, "a\n", 5},
	{"CRLF.CR", IN("a\r\n.\rMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a\n", 0},
	{"CRLF.CRCRLF", IN("a\r\n.\r\r\nMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a\n", 0},
	{"CRCRLF.CRLF", IN("a\r\r\n.\r\nMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a", 0},
	{"CRCRLF.CRCRLF", IN("a\r\r\n.\r\r\nMAIL"), DOT_BARE_CR, DOT_BARE_CR, "a", 0},
	{"NUL", IN("a\0b\r\n.\r\n"), DOT_NUL, DOT_NUL, "a", 0},
	{"CRLF NUL.CRLF", IN("a\r\n\0.\r\n"), DOT_NUL, DOT_NUL, "a\n", 0},
	{"CRLF.NUL CRLF", IN("a\r\n.\0\r\n"), DOT_NUL, DOT_NUL, "a\n", 0},
};

/* Decode in pieces of `piece` octets after a first one of `first`. */
static enum dot_event decode(const struct example *example, bool strict, size_t first, size_t piece,
	char *out, size_t *out_len, size_t *used)
{
	struct dot dot;
	enum dot_event event = DOT_MORE;

	dot_init(&dot, strict);
	*out_len = 0;
	*used = 0;
	while (event == DOT_MORE && *used < example->in_len) {
		size_t left = example->in_len - *used;
		size_t want = *used == 0 && first ? first : piece;
		size_t step_used;
		size_t step_out;

		event = dot_decode(&dot, example->in + *used, want < left ? want : left, &step_used,
			out + *out_len, &step_out);
		*used += step_used;
		*out_len += step_out;
	}
	return event;
}

static void check(const struct example *example, bool strict, size_t first, size_t piece)
{
	char out[64];
	size_t out_len;
	size_t used;
	enum dot_event want = strict ? example->strict : example->lenient;
	enum dot_event got = decode(example, strict, first, piece, out, &out_len, &used);

	if (got != want)
		fail_msg("%s: strict=%d first=%zu piece=%zu: event %d, not %d", example->name,
			strict, first, piece, got, want);
	if (want == DOT_END && used != example->used)
		fail_msg("%s: %zu octets used, not %zu", example->name, used, example->used);
	if (!strict || example->strict == example->lenient) {
		assert_int_equal(out_len, strlen(example->out));
		assert_memory_equal(out, example->out, out_len);
	}
}

static void test_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		for (int strict = 0; strict <= 1; strict++) {
			for (size_t first = 1; first <= examples[i].in_len; first++)
				check(&examples[i], strict, first, examples[i].in_len);
			check(&examples[i], strict, 0, 1);
		}
	}
}

static void test_counts_wire_octets(void **state)
{
	static const char message[] = "ab\r\n..c\r\n\r\n.\r\n";
	struct dot dot;
	char out[32];
	size_t used;
	size_t len;

	(void)state;
	dot_init(&dot, true);
	assert_int_equal(dot_decode(&dot, message, sizeof(message) - 1, &used, out, &len), DOT_END);
	assert_int_equal(
		dot.octets, 4 + 4 + 2); /* RFC 1870: without the stuffed dot, with each CRLF */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_counts_wire_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

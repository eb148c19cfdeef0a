/* The way out: any stored form becomes CRLF lines, dot-stuffed, whatever the pieces. */
#include "mail/crlf.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *in;
	const char *out;
} examples[] = {
	{"", ".\r\n"},
	{"a\n", "a\r\n.\r\n"},
	{"a", "a\r\n.\r\n"},
	{"a\r\nb\n", "a\r\nb\r\n.\r\n"},
	{".\n", "..\r\n.\r\n"},
	{"..\n.a", "...\r\n..a\r\n.\r\n"},
	{"a.\n", "a.\r\n.\r\n"},
	{"\n", "\r\n.\r\n"},
	{"a\r", "a\r\r\n.\r\n"},
	{"a\rb\n", "a\rb\r\n.\r\n"},
	{"\r\r\n", "\r\r\n.\r\n"},
	{"\r.\n", "\r.\r\n.\r\n"},
};

static void run(const char *in, size_t piece, size_t room, char *out)
{
	struct crlf crlf;
	size_t len = strlen(in);
	size_t done = 0;

	crlf_init(&crlf);
	while (done < len) {
		size_t used;
		size_t put;

		crlf_run(&crlf, in + done, piece < len - done ? piece : len - done, &used, out,
			room, &put);
		done += used;
		out += put;
	}
	out += crlf_finish(&crlf, out);
	*out = '\0';
}

static void test_every_piece(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		for (size_t piece = 1; piece <= 8; piece++) {
			for (size_t room = 4; room <= 16; room++) {
				run(examples[i].in, piece, room, out);
				assert_string_equal(out, examples[i].out);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_piece)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The way out: any stored form becomes CRLF lines, dot-stuffed, whatever the pieces. */
#include "mail/crlf.h"

#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* The same, one octet after the other, of a whole message. */
static size_t convert_simply(const char *in, size_t len, char *out)
{
	size_t put = 0;
	bool at_start = true;

	for (size_t at = 0; at < len; at++) {
		if (in[at] == '\r' && at + 1 < len && in[at + 1] == '\n')
			continue;
		if (at_start && in[at] == '.')
			out[put++] = '.';
		at_start = in[at] == '\n';
		if (at_start)
			out[put++] = '\r';
		out[put++] = in[at];
	}
	strcpy(out + put, at_start ? ".\r\n" : "\r\n.\r\n");
	return put + strlen(out + put);
}

/* Pieces and rooms of any size, each in a block of its own: the sanitizer sees what is touched
 * beyond one. */
static size_t convert_pieces(const char *in, size_t len, size_t max, char *out)
{
	struct crlf crlf;
	size_t done = 0, total = 0;
	char last[8];

	crlf_init(&crlf);
	while (done < len) {
		size_t part = 1 + (size_t)random() % max, room = 4 + (size_t)random() % max, used,
		       put;
		char *piece, *block = malloc(room);

		part = part < len - done ? part : len - done;
		piece = malloc(part);
		memcpy(piece, in + done, part);
		crlf_run(&crlf, piece, part, &used, block, room, &put);
		assert_true(used <= part && put <= room && used + put > 0);
		memcpy(out + total, block, put);
		free(piece);
		free(block);
		done += used;
		total += put;
	}
	len = crlf_finish(&crlf, last);
	memcpy(out + total, last, len);
	return total + len;
}

static void test_anything(void **state)
{
	static const char *const words[] = {"\n", "\r\n", "\r", ".", "\n.", "\r\n.\r\n", "\n..",
		"x", "\r.", "\n\n", "The quick brown fox jumps over the lazy dog.\n",
		"The quick brown fox jumps over the lazy dog.\r\n"};
	static char in[4000], want[9000], got[9000];

	(void)state;
	srandom(1939);
	for (int i = 0; i < 5000; i++) {
		size_t len = 0, want_len, got_len;
		size_t dull = 1 + (size_t)i % 8;

		for (size_t wanted = (size_t)random() % 3900; len < wanted;) {
			size_t pick =
				(size_t)random() % ((size_t)random() % dull ? 2 : COUNT(words));
			const char *word = words[COUNT(words) - 1 - pick];

			memcpy(in + len, word, strlen(word));
			len += strlen(word);
		}
		want_len = convert_simply(in, len, want);
		got_len = convert_pieces(in, len, i % 2 ? 30 : 3000, got);
		assert_int_equal(got_len, want_len);
		assert_memory_equal(got, want, want_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_piece),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* mboxrd: quoting and unquoting, at every split, and back byte for byte. */
#include "mail/mboxrd.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *plain;
	const char *quoted;
} examples[] = {
	{"", ""},
	{"From ", ">From "},
	{"From me\n", ">From me\n"},
	{">From me\n", ">>From me\n"},
	{">>>From me\n", ">>>>From me\n"},
	{"a\nFrom b\n", "a\n>From b\n"},
	{"From", "From"},
	{"Fro\nFrom:\n", "Fro\nFrom:\n"},
	{"from me\n", "from me\n"},
	{" From me\n", " From me\n"},
	{">", ">"},
	{">>", ">>"},
	{">\n>\n", ">\n>\n"},
	{"> From me\n", "> From me\n"},
	{">FromFrom me\n", ">FromFrom me\n"},
	{"FFrom me\n", "FFrom me\n"},
	{">F>From me\n", ">F>From me\n"},
	{"a From b\n", "a From b\n"},
	{"\r\nFrom b\r\n", "\r\n>From b\r\n"},
	{"x\rFrom b", "x\rFrom b"},
	{"From \nFrom \n>From \n", ">From \n>From \n>>From \n"},
};

/* Run in[0..len) through in pieces that end at `split` and then come `step` octets at a time. */
static size_t run(enum mboxrd_direction direction, const char *in, size_t len, size_t split,
	size_t step, size_t room, char *out)
{
	struct mboxrd rd;
	size_t done = 0, total = 0, used, put;

	mboxrd_init(&rd, direction);
	while (done < len) {
		size_t end = done < split ? split : done + step;

		end = end < len ? end : len;
		while (done < end) {
			mboxrd_run(&rd, in + done, end - done, &used, out + total, room, &put);
			assert_true(put <= room);
			assert_true(used + put > 0);
			done += used;
			total += put;
		}
	}
	while (!mboxrd_finish(&rd, out + total, room, &put))
		total += put;
	return total + put;
}

static void check(enum mboxrd_direction direction, const char *in, size_t len, const char *want,
	size_t want_len)
{
	static char out[8192];

	for (size_t split = 0; split <= len; split++) {
		for (size_t step = 1; step <= 3; step++) {
			assert_int_equal(run(direction, in, len, split, step, 16, out), want_len);
			assert_memory_equal(out, want, want_len);
		}
		assert_int_equal(run(direction, in, len, split, len, 4096, out), want_len);
		assert_memory_equal(out, want, want_len);
	}
}

static void both_ways_at_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const char *plain = examples[i].plain, *quoted = examples[i].quoted;

		check(MBOXRD_QUOTE, plain, strlen(plain), quoted, strlen(quoted));
		check(MBOXRD_UNQUOTE, quoted, strlen(quoted), plain, strlen(plain));
	}
}

static void nul_passes(void **state)
{
	(void)state;
	check(MBOXRD_QUOTE, "\0\nFrom \0\n", 9, "\0\n>From \0\n", 10);
}

/* What other programs left unquoted comes out as it is. */
static void unquoted_from_stays(void **state)
{
	(void)state;
	check(MBOXRD_UNQUOTE, "a\nFrom b\n", 9, "a\nFrom b\n", 9);
}

/* No run of '>' is too long, and none is held. */
static void long_run(void **state)
{
	static char in[4000], out[8000];
	size_t len;

	(void)state;
	memset(in, '>', sizeof(in));
	memcpy(in + sizeof(in) - 5, "From ", 5);
	len = run(MBOXRD_QUOTE, in, sizeof(in), 0, 7, 16, out);
	assert_int_equal(len, sizeof(in) + 1);
	len = run(MBOXRD_UNQUOTE, in, sizeof(in), 0, 7, 16, out);
	assert_int_equal(len, sizeof(in) - 1);
}

static void random_round_trip(void **state)
{
	static const char alphabet[] = ">>>From \nFrom \r\0x";
	static char plain[512], quoted[2048], back[2048];

	(void)state;
	srandom(1939);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)random() % sizeof(plain);
		size_t quoted_len, back_len;

		for (size_t at = 0; at < len;) {
			size_t from = (size_t)random() % sizeof(alphabet);
			size_t part = (size_t)random() % 8;

			for (; part > 0 && from < sizeof(alphabet) && at < len; part--)
				plain[at++] = alphabet[from++];
		}
		quoted_len = run(MBOXRD_QUOTE, plain, len, (size_t)random() % 512, 5, 16, quoted);
		back_len = run(
			MBOXRD_UNQUOTE, quoted, quoted_len, (size_t)random() % 512, 3, 64, back);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, plain, len);
		assert_null(memmem(quoted, quoted_len, "\nFrom ", 6));
	}
}

/* The same, line by line, of a whole message. */
static size_t change_simply(enum mboxrd_direction direction, const char *in, size_t len, char *out)
{
	size_t put = 0;

	for (size_t at = 0; at < len;) {
		const char *lf = memchr(in + at, '\n', len - at);
		size_t end = lf ? (size_t)(lf - in) + 1 : len, quotes = at;

		while (quotes < end && in[quotes] == '>')
			quotes++;
		if (end - quotes >= 5 && memcmp(in + quotes, "From ", 5) == 0) {
			if (direction == MBOXRD_QUOTE)
				out[put++] = '>';
			else if (quotes > at)
				at++;
		}
		memcpy(out + put, in + at, end - at);
		put += end - at;
		at = end;
	}
	return put;
}

/* As a reader does that copies nothing it need not: what is plain is taken where it lies. */
static size_t change_pieces(
	enum mboxrd_direction direction, const char *in, size_t len, size_t max, char *out)
{
	struct mboxrd rd;
	size_t done = 0, total = 0, used, put;

	mboxrd_init(&rd, direction);
	while (done < len) {
		size_t part = 1 + (size_t)random() % max;
		char *piece;

		part = part < len - done ? part : len - done;
		piece = malloc(part);
		memcpy(piece, in + done, part);
		used = put = random() % 3 ? mboxrd_plain(&rd, piece, part) : 0;
		if (put > 0)
			memcpy(out + total, piece, put);
		else
			mboxrd_run(&rd, piece, part, &used, out + total,
				16 + (size_t)random() % max, &put);
		assert_true(used + put > 0);
		free(piece);
		done += used;
		total += put;
	}
	while (!mboxrd_finish(&rd, out + total, 16, &put))
		total += put;
	return total + put;
}

static void anything_in_any_pieces(void **state)
{
	static const char *const words[] = {"\n", ">", "F", "From ", ">From ", "\nFrom ",
		"\n>From ", "\n>>>>>>>>>>>>>>>>>>>>From ", "\n>Fro", "\nFr", "\r\n", "x", "\n\n",
		"The quick brown fox jumps over the lazy dog.\n",
		"> What From there says the quick brown fox?\n"};
	static char in[4000], want[9000], got[9000];

	(void)state;
	srandom(4155);
	for (int i = 0; i < 10000; i++) {
		enum mboxrd_direction direction = i % 2 ? MBOXRD_QUOTE : MBOXRD_UNQUOTE;
		size_t dull = 1 + (size_t)i % 8, len = 0, want_len;

		for (size_t wanted = (size_t)random() % 3900; len < wanted;) {
			size_t pick =
				(size_t)random() % ((size_t)random() % dull ? 2 : COUNT(words));
			const char *word = words[COUNT(words) - 1 - pick];

			memcpy(in + len, word, strlen(word));
			len += strlen(word);
		}
		want_len = change_simply(direction, in, len, want);
		assert_int_equal(
			change_pieces(direction, in, len, i % 3 ? 3000 : 40, got), want_len);
		assert_memory_equal(got, want, want_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_at_every_split),
		cmocka_unit_test(nul_passes),
		cmocka_unit_test(unquoted_from_stays),
		cmocka_unit_test(long_run),
		cmocka_unit_test(random_round_trip),
		cmocka_unit_test(anything_in_any_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

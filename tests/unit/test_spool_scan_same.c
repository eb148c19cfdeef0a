/*
 * mbox_scan() against a scanner that anybody can read: one line after the other, no state but the
 * blank line before. Both find the same on anything, whatever the pieces; and so does a scan that
 * goes on where an earlier one has ended.
 */
#include "spool/mbox_scan.h"

#include "spool/mbox_pad.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define F   "From me@example.org Tue Nov 24 13:00:00 2026\n"
#define PAD MBOX_PAD_NAME "xxx\n"

struct line {
	const char *at;
	size_t len; /* without LF, and without the CR in front of it */
	size_t all; /* with them */
	bool has_lf;
	bool is_blank;
};

static struct line line_at(const char *text, size_t at, size_t end)
{
	const char *lf = memchr(text + at, '\n', end - at);
	struct line line = {.at = text + at, .has_lf = lf != NULL};

	line.len = lf ? (size_t)(lf - line.at) : end - at;
	line.all = line.len + line.has_lf;
	if (lf && line.len > 0 && lf[-1] == '\r')
		line.len--;
	line.is_blank = lf && line.len == 0;
	return line;
}

static bool is_quoted(const struct line *line)
{
	size_t at = 0;

	while (at < line->len && line->at[at] == '>')
		at++;
	return at > 0 && line->len - at >= 5 && memcmp(line->at + at, "From ", 5) == 0;
}

static size_t skip_padding(const char *text, size_t at, size_t end)
{
	bool more = false;

	while (at < end) {
		struct line line = line_at(text, at, end);

		if (!line.has_lf || line.len > MBOX_FROM_MAX)
			break;
		if (!mbox_pad_is_begin(line.at, line.len) &&
			!(more && mbox_pad_is_more(line.at, line.len)))
			break;
		more = true;
		at += line.all;
	}
	return at;
}

static void add(struct mbox_table *table, const char *text, size_t from, size_t end, size_t blank)
{
	struct mbox_message *message;
	struct uidl uidl;

	assert_int_equal(mbox_table_add(table, &message), 0);
	message->from = from;
	message->offset = skip_padding(text, from + line_at(text, from, end).all, end);
	message->length = end - blank - message->offset;
	uidl_init(&uidl, &table->uidls, table->len == 1);
	for (size_t at = message->offset; at < end;) {
		struct line line = line_at(text, at, end);

		if (at < end - blank)
			message->seen.octets += line.len + 2 - is_quoted(&line);
		uidl_text(&uidl, line.at, line.all - line.has_lf);
		if (line.has_lf)
			uidl_line_end(&uidl);
		at += line.all;
	}
	uidl_finish(&uidl, message->seen.uidl);
	message->uidl_len = (uint8_t)strlen(message->seen.uidl);
}

static enum spool_uidl format; /* of all that is scanned */

static void begin(struct mbox_table *table)
{
	mbox_table_init(table);
	table->uidls.format = format;
}

static int scan_simply(const char *text, size_t len, struct mbox_table *table)
{
	size_t at = 0, from = 0, blank = 0;
	bool open = false;

	begin(table);
	while (at < len && line_at(text, at, len).is_blank)
		at += line_at(text, at, len).all;
	if (at < len && !mbox_from_is_prefix(text + at, len - at))
		return -EBADMSG;
	while (at < len) {
		struct line line = line_at(text, at, len);

		if (!open || (blank > 0 && mbox_from_is_line(line.at, line.len))) {
			if (open)
				add(table, text, from, at, blank);
			open = true;
			from = at;
			blank = 0;
		} else {
			blank = line.is_blank ? line.all : 0;
		}
		at += line.all;
	}
	if (open)
		add(table, text, from, len, blank);
	table->size = len;
	return mbox_table_number_uidls(table);
}

/* In pieces, each in a block of its own: the sanitizer sees what is read beyond one. */
static int scan_pieces(const char *text, size_t len, size_t max, struct mbox_table *table)
{
	struct mbox_scan scan;
	int err = 0;

	begin(table);
	mbox_scan_begin(&scan, table);
	for (size_t at = 0; !err && at < len;) {
		size_t part = 1 + (size_t)random() % max;
		char *piece;

		part = part < len - at ? part : len - at;
		piece = malloc(part);
		memcpy(piece, text + at, part);
		err = mbox_scan_feed(&scan, piece, part);
		free(piece);
		at += part;
	}
	return err ? err : mbox_scan_end(&scan);
}

static void assert_same(const struct mbox_table *a, const struct mbox_table *b)
{
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->size, b->size);
	for (size_t n = 0; n < a->len; n++) {
		assert_int_equal(a->at[n].from, b->at[n].from);
		assert_int_equal(a->at[n].offset, b->at[n].offset);
		assert_int_equal(a->at[n].length, b->at[n].length);
		assert_int_equal(a->at[n].seen.octets, b->at[n].seen.octets);
		assert_string_equal(a->at[n].seen.uidl, b->at[n].seen.uidl);
	}
}

static void check_same(const char *text, size_t len, size_t max)
{
	struct mbox_table simple, pieces;

	assert_int_equal(scan_simply(text, len, &simple), scan_pieces(text, len, max, &pieces));
	if (simple.len > 0)
		assert_same(&simple, &pieces);
	mbox_table_done(&simple);
	mbox_table_done(&pieces);
}

/* What is made of these words has a bit of everything that the scanner looks at. */
static const char *const words[] = {"\n", "\n\n", "\r\n", "\r", "\r\r\n", "From ", "Fr", "F", ">",
	">>", "\n>From ", "\n>F", "\n\nFrom ", "\nFrom x\n", F, "\n" F, "\r\n" F, "\n" F PAD,
	"\n" F PAD " xx\n", PAD, " x\n", " xx\r\n", MBOX_PAD_NAME "x\r\n", "A: b\n",
	"Received: x\n", "Message-ID: <1>\n", "X-IMAPbase: 7 19\n", "X-UID: 5\n", "X-UID: 9 \r\n",
	"X-UIDL: a\n", "X-UIDL: b-2\n", "x", "\n\nFrom x Nov 24 13:00\r\n", ".\n", "\n.",
	"The quick brown fox jumps over the lazy dog, says the Friday edition.\n",
	"> and then> From there it went on for so many octets that it was a line\r\n"};

/* `dull`: of so many words all but one are the last two. */
static size_t random_text(char *text, size_t max, unsigned dull)
{
	size_t len = strlen(F);

	memcpy(text, F, len);
	for (;;) {
		size_t pick = (size_t)random() % (random() % dull ? 2 : COUNT(words));
		const char *word = words[COUNT(words) - 1 - pick];

		if (len + strlen(word) > max || random() % (50 * dull) == 0)
			return len;
		memcpy(text + len, word, strlen(word));
		len += strlen(word);
	}
}

static void anything_in_any_pieces(void **state)
{
	static char text[8000];

	(void)state;
	srandom(822);
	for (int i = 0; i < 8000; i++) {
		format = (enum spool_uidl)(i % 4);
		size_t len = random_text(text, sizeof(text), 1 + (unsigned)(i % 40));

		check_same(text, len, 1 + (size_t)random() % (i % 2 ? len : 100));
	}
}

/* An "F" or a line end at each place relative to the blocks that are looked at in one go. */
static void each_place_in_a_block(void **state)
{
	static const char *const needles[] = {"\n>From x", "\n>>>>>>>>From x", "\n\nFrom x",
		"\n\n" F, "\r\n\r\n" F, "\nFrom ", ">From ", "\n>Fro\n", "\r\n\r\n", "\r\r\n",
		"\n\n\n", "\r", "\n\n" F PAD};
	char text[1200];

	(void)state;
	for (size_t i = 0; i < COUNT(needles); i++) {
		for (size_t at = 0; at < 300; at++) {
			size_t len = strlen(F "Received: x\n\nx\n");

			memset(text, 'x', sizeof(text));
			memcpy(text, F "Received: x\n\nx\n", len);
			len += at;
			memcpy(text + len, needles[i], strlen(needles[i]));
			len += strlen(needles[i]) + 300;
			memcpy(text + len, "\n\n", 2);
			check_same(text, len + 2, len + 2);
			check_same(text, len + 2, 64);
			check_same(text, len, len);
		}
	}
}

/* Whatever counts in a few bits must not run over. */
static void nothing_but_one_word(void **state)
{
	static const char *const some[] = {"\n", "\r\n", "\r", "\n>From ", ">From ", "\nFr", "x"};
	static char text[50000];

	(void)state;
	for (size_t i = 0; i < COUNT(some); i++) {
		size_t len = strlen(F "Received: x\n\nx\n");

		memcpy(text, F "Received: x\n\nx\n", len);
		for (; len + strlen(some[i]) < sizeof(text); len += strlen(some[i]))
			memcpy(text + len, some[i], strlen(some[i]));
		check_same(text, len, len);
		check_same(text, len, 9000);
	}
}

struct padded {
	const char *text;
	const char *content[2];
};

static void padding_is_no_part_of_a_message(void **state)
{
	static const struct padded examples[] = {
		{F PAD "A: b\n\n", {"A: b\n"}},
		{F MBOX_PAD_NAME "xxx\n xxxx\n x\nA: b\n\n", {"A: b\n"}},
		{F MBOX_PAD_NAME "xxx\r\n xxxx\r\nA: b\r\n\r\n", {"A: b\r\n"}},
		{F PAD PAD " x\n" PAD " x\n\nbody\n", {"\nbody\n"}},
		{F PAD, {""}},
		{F PAD " x\n", {""}},
		{F PAD "\n", {""}},
		{F PAD "\n" F "A: b\n", {"", "A: b\n"}},
		{F PAD "\n\n" F PAD "A: b\n", {"\n", "A: b\n"}},
		{F PAD F "A: b\n", {F "A: b\n"}}, /* no empty line, no From_ line */
		{F PAD "From here on\n", {"From here on\n"}},
		{F PAD ">From here on\n", {">From here on\n"}},
		/* cut by the file's end */
		{F MBOX_PAD_NAME "xxx", {MBOX_PAD_NAME "xxx"}},
		{F MBOX_PAD_NAME "xxx\r", {MBOX_PAD_NAME "xxx\r"}},
		{F PAD " xx", {" xx"}},
		{F PAD MBOX_PAD_NAME, {MBOX_PAD_NAME}},
		/* what only looks like it */
		{F " x\n" PAD "\n", {" x\n" PAD}},
		{F "A: b\n" PAD " x\n\n", {"A: b\n" PAD " x\n"}},
		{F "\n" PAD, {"\n" PAD}},
		{F PAD " y\n x\n", {" y\n x\n"}},
		{F PAD " \n", {" \n"}},
		{F MBOX_PAD_NAME "xxxy\n x\n", {MBOX_PAD_NAME "xxxy\n x\n"}},
		{F "x-pillarbox-padding: x\n", {"x-pillarbox-padding: x\n"}},
		{F PAD "A: b\n" PAD, {"A: b\n" PAD}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		size_t len = strlen(examples[i].text);
		struct mbox_table table;

		assert_int_equal(scan_pieces(examples[i].text, len, 9, &table), 0);
		assert_int_equal(table.len, examples[i].content[1] ? 2 : 1);
		for (size_t n = 0; n < table.len; n++) {
			const char *want = examples[i].content[n];

			assert_int_equal(table.at[n].length, strlen(want));
			assert_memory_equal(
				examples[i].text + table.at[n].offset, want, strlen(want));
			assert_memory_equal(examples[i].text + table.at[n].from, "From ", 5);
		}
		mbox_table_done(&table);
		for (int n = 0; n < 50; n++)
			check_same(examples[i].text, len, 1 + (size_t)random() % len);
	}
}

static void padding_changes_no_uidl(void **state)
{
	static const char plain[] = F "Message-ID: a\n\nbody\n";
	static const char padded[] = F PAD " xx\nMessage-ID: a\n\nbody\n";
	struct mbox_table a, b;

	(void)state;
	assert_int_equal(scan_pieces(plain, strlen(plain), 100, &a), 0);
	assert_int_equal(scan_pieces(padded, strlen(padded), 100, &b), 0);
	assert_string_equal(a.at[0].seen.uidl, b.at[0].seen.uidl);
	assert_int_equal(a.at[0].seen.octets, b.at[0].seen.octets);
	mbox_table_done(&a);
	mbox_table_done(&b);
}

/* As long as a From_ line may be, and no longer. */
static void long_padding_lines(void **state)
{
	static const size_t lens[] = {MBOX_FROM_MAX - 1, MBOX_FROM_MAX, MBOX_FROM_MAX + 1,
		MBOX_FROM_MAX + 2, MBOX_FROM_MAX + 3, 3000};
	static char text[4000];

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		for (int crlf = 0; crlf < 2; crlf++) {
			size_t at = strlen(F);
			struct mbox_table table;

			memset(text, 'x', sizeof(text));
			memcpy(text, F MBOX_PAD_NAME, strlen(F MBOX_PAD_NAME));
			at += lens[i];
			memcpy(text + at, crlf ? "\r\nA: b\n" : "\nA: b\n", (size_t)(6 + crlf));
			at += (size_t)(6 + crlf);
			assert_int_equal(scan_pieces(text, at, 500, &table), 0);
			assert_int_equal(table.at[0].length == 5, lens[i] <= MBOX_FROM_MAX);
			mbox_table_done(&table);
			check_same(text, at, 1 + (size_t)random() % 2000);
		}
	}
}

static int file_with(const char *text, size_t len)
{
	int fd = memfd_create("mbox", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	return fd;
}

static void copy_rows(struct mbox_table *to, const struct mbox_table *from, size_t len)
{
	struct mbox_message *row;

	begin(to);
	to->uidls = from->uidls;
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(mbox_table_add(to, &row), 0);
		*row = from->at[n];
	}
}

static void goes_on_at_each_message(void **state)
{
	static char text[3000];
	struct why why;

	(void)state;
	srandom(2822);
	for (int i = 0; i < 1000; i++) {
		format = (enum spool_uidl)(i % 4);
		size_t len = random_text(text, sizeof(text), 1 + (unsigned)(i % 10));
		int fd = file_with(text, len);
		struct mbox_table whole, table;

		begin(&whole);
		assert_int_equal(mbox_scan(fd, len, "x", &whole, &why), 0);
		for (size_t n = 0; n < whole.len; n++) {
			copy_rows(&table, &whole, n + (size_t)random() % (whole.len - n + 1));
			assert_int_equal(
				mbox_scan_from(fd, whole.at[n].from, len, "x", &table, NULL), 0);
			assert_same(&whole, &table);
			mbox_table_done(&table);
		}
		mbox_table_done(&whole);
		close(fd);
	}
}

static bool begins_message(const struct mbox_table *table, uint64_t from)
{
	for (size_t n = 0; n < table->len; n++) {
		if (table->at[n].from == from)
			return true;
	}
	return false;
}

/* Scan what there is up to any octet, and go on when there is all. */
static void goes_on_after_growth(void **state)
{
	static char text[3000];

	(void)state;
	srandom(5322);
	for (int i = 0; i < 5000; i++) {
		format = (enum spool_uidl)(i % 4);
		size_t len = random_text(text, sizeof(text), 1 + (unsigned)(i % 10));
		size_t cut = strlen(F) - 5 + (size_t)random() % (len - strlen(F) + 6);
		int fd = file_with(text, len);
		struct mbox_table whole, table;
		struct why why = {.text = "untouched"};
		uint64_t from;
		int err;

		assert_int_equal(scan_simply(text, len, &whole), 0);
		assert_int_equal(scan_simply(text, cut, &table), 0);
		from = table.at[table.len - 1].from;
		if (table.len == 1) /* its X-IMAPbase may have been cut off */
			table.uidls = (struct uidl_file){.format = format};
		err = mbox_scan_from(fd, from, len, "x", &table, &why);
		assert_int_equal(err, begins_message(&whole, from) ? 0 : -EBADMSG);
		assert_string_equal(why.text, "untouched");
		if (err == 0)
			assert_same(&whole, &table);
		else
			assert_int_equal(table.len, 0);
		mbox_table_done(&whole);
		mbox_table_done(&table);
		close(fd);
	}
}

/* Anywhere else no message begins. */
static void goes_on_nowhere_else(void **state)
{
	static char text[600];

	(void)state;
	srandom(1939);
	for (int i = 0; i < 200; i++) {
		size_t len = random_text(text, sizeof(text), 1);
		int fd = file_with(text, len);
		struct mbox_table whole, table;

		assert_int_equal(scan_simply(text, len, &whole), 0);
		for (uint64_t from = whole.at[0].from + 1; from <= len + 3; from++) {
			size_t rows = 0;

			if (begins_message(&whole, from))
				continue;
			while (rows < whole.len && whole.at[rows].from < from)
				rows++;
			copy_rows(&table, &whole, rows);
			assert_int_equal(
				mbox_scan_from(fd, from, len, "x", &table, NULL), -EBADMSG);
			assert_int_equal(table.len, 0);
		}
		mbox_table_done(&whole);
		close(fd);
	}
}

/* Holes read as NULs: one line of more than 4 GiB, and messages behind it. */
static void more_than_4_gib(void **state)
{
	static const char first[] = F "Received: x\n\nbody\n";
	static const char second[] = "\n\n" F PAD "Received: y\n\n>From x\n\n" F "Received: z\n";
	const uint64_t hole = UINT64_C(5) << 30;
	const uint64_t size = sizeof(first) - 1 + hole + sizeof(second) - 1;
	const uint64_t from = size - (sizeof(second) - 1) + 2;
	struct mbox_table table;
	int fd = file_with(first, sizeof(first) - 1);

	(void)state;
	assert_int_equal(
		pwrite(fd, second, sizeof(second) - 1, (off_t)(from - 2)), sizeof(second) - 1);
	mbox_table_init(&table);
	assert_int_equal(mbox_scan(fd, size, "x", &table, NULL), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(table.len, 3);
		assert_int_equal(table.size, size);
		assert_int_equal(table.at[0].length, from - 1 - strlen(F));
		assert_int_equal(
			table.at[0].seen.octets, strlen("Received: x\r\n\r\nbody\r\n") + hole + 2);
		assert_int_equal(table.at[1].from, from);
		assert_int_equal(table.at[1].offset, from + strlen(F PAD));
		assert_int_equal(table.at[1].length, strlen("Received: y\n\n>From x\n"));
		assert_int_equal(table.at[1].seen.octets, strlen("Received: y\r\n\r\nFrom x\r\n"));
		assert_int_equal(table.at[2].offset, size - strlen("Received: z\n"));
		assert_int_equal(mbox_scan_from(fd, from, size, "x", &table, NULL), 0);
	}
	mbox_table_done(&table);
	close(fd);
}

static void hundred_thousand_messages(void **state)
{
	static const char message[] = F "Message-ID: <1>\nReceived: x\n\nbody\n\n";
	const size_t count = 100000, len = sizeof(message) - 1;
	char *text = malloc(count * len);
	struct mbox_table table;

	(void)state;
	for (size_t n = 0; n < count; n++)
		memcpy(text + n * len, message, len);
	assert_int_equal(scan_pieces(text, count * len, 1 << 20, &table), 0);
	assert_int_equal(table.len, count);
	for (size_t n = 0; n < count; n++) {
		assert_int_equal(table.at[n].from, n * len);
		assert_int_equal(table.at[n].length, len - strlen(F) - 1);
		assert_int_equal(strtoul(table.at[n].seen.uidl + UIDL_HASH_LEN, NULL, 10),
			n == 0 ? 0 : -(n + 1));
	}
	mbox_table_done(&table);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_in_any_pieces),
		cmocka_unit_test(each_place_in_a_block),
		cmocka_unit_test(nothing_but_one_word),
		cmocka_unit_test(padding_is_no_part_of_a_message),
		cmocka_unit_test(padding_changes_no_uidl),
		cmocka_unit_test(long_padding_lines),
		cmocka_unit_test(goes_on_at_each_message),
		cmocka_unit_test(goes_on_after_growth),
		cmocka_unit_test(goes_on_nowhere_else),
		cmocka_unit_test(more_than_4_gib),
		cmocka_unit_test(hundred_thousand_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Finding messages: From_ lines, extents, wire octets, unique-ids; at every split of the file. */
#include "spool/mbox_scan.h"

#include "mail/crlf.h"
#include "mail/mboxrd.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define F "From me@example.org Tue Nov 24 13:00:00 2026\n"

static void from_lines(void **state)
{
	static const struct {
		const char *line;
		bool is;
	} lines[] = {
		{"From a@b Tue Nov 24 13:00:00 2026", true},
		{"From a@b Tue Nov  3 13:00 2026", true},
		{"From a@b Tue Nov  3 1:05:09 2026", true},
		{"From a@b  Tue Nov 24 13:00:00 MET DST 2026", true},
		{"From a@b Tue Nov 24 13:00:00 2026 +0100", true},
		{"From a@b Tue Nov 24 13:00:00 2026 remote from x", true},
		{"From \"a b\"@c Tue Nov 24 13:00:00 2026", true},
		{"From - Tue Nov 24 13:00:00 2026", true},
		{"From  Tue Nov 24 13:00:00 2026", true},
		{"From a@b Nov 24 13:00", true},
		{"From the beginning", false},
		{"From a@b", false},
		{"From ", false},
		{"From a@b Tue Now 24 13:00:00 2026", false},
		{"From a@b Tue Nov 13:00:00 2026", false},
		{"From a@b Tue Nov 24 13.00", false},
		{"From a@b Tue Nov 24 13:0", false},
		{"From a@b Tue Nov 24", false},
		{"From a@b Tue Nov", false},
		{"From Nov 124 13:00", false},
		{"From a@bNov 24 13:00", false},
		{"from a@b Tue Nov 24 13:00:00 2026", false},
		{"From: a@b Tue Nov 24 13:00:00 2026", false},
		{">From a@b Tue Nov 24 13:00:00 2026", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		/* An exact copy, so that the sanitizer sees each octet read too far. */
		size_t len = strlen(lines[i].line);
		char *line = malloc(len + 1);

		memcpy(line, lines[i].line, len);
		line = realloc(line, len ? len : 1);
		if (mbox_from_is_line(line, len) != lines[i].is)
			fail_msg("%s", lines[i].line);
		free(line);
	}
}

static void from_line_made(void **state)
{
	static const struct {
		const char *sender;
		const char *line;
	} lines[] = {
		{"", "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"},
		{"a@b", "From a@b Thu Jan  1 00:00:00 1970\n"},
		{"\"a b\"@c", "From \"a-b\"@c Thu Jan  1 00:00:00 1970\n"},
		{"a\nFrom b\t\x7f", "From a-From-b-- Thu Jan  1 00:00:00 1970\n"},
		{"\xc3\xa4@b", "From \xc3\xa4@b Thu Jan  1 00:00:00 1970\n"},
	};
	char out[MBOX_FROM_MAX];
	static char huge[5000];

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t len = mbox_from_make(lines[i].sender, 0, out);

		assert_int_equal(len, strlen(lines[i].line));
		assert_memory_equal(out, lines[i].line, len);
		assert_true(mbox_from_is_line(out, len - 1));
	}
	memset(huge, 'x', sizeof(huge) - 1);
	assert_true(mbox_from_is_line(out, mbox_from_make(huge, 0, out) - 1));
}

static int scan_text(
	const char *text, size_t len, size_t split, size_t step, struct mbox_table *table)
{
	struct mbox_scan *scan = malloc(sizeof(*scan));
	size_t done = 0;
	int err = 0;

	mbox_table_init(table);
	mbox_scan_begin(scan, table);
	while (!err && done < len) {
		size_t end = done < split ? split : done + step;

		end = end < len ? end : len;
		err = mbox_scan_feed(scan, text + done, end - done);
		done = end;
	}
	if (!err)
		err = mbox_scan_end(scan);
	free(scan);
	return err;
}

struct example {
	const char *text;
	int count; /* -1: not an mbox */
	struct {
		const char *content;
		uint64_t octets;
	} messages[4];
};

static const struct example examples[] = {
	{"", 0, {{0}}},
	{"\n", 0, {{0}}},
	{"\n\r\n\n", 0, {{0}}},
	{"Subject: x\n", -1, {{0}}},
	{"From", -1, {{0}}},
	{" " F, -1, {{0}}},
	{">" F, -1, {{0}}},
	{"\nx\n" F, -1, {{0}}},
	{"\r", -1, {{0}}},
	{"From ", 1, {{"", 0}}},
	{"From x\n", 1, {{"", 0}}},
	{F, 1, {{"", 0}}},
	{"From whoever, no date\nA: b\n\n", 1, {{"A: b\n", 6}}},
	{"\n\n" F "A: b\n\n", 1, {{"A: b\n", 6}}},
	{F "\n", 1, {{"", 0}}},
	{F "\n\n", 1, {{"\n", 2}}},
	{F "\n" F "\n", 2, {{"", 0}, {"", 0}}},
	{F F, 1, {{F, sizeof(F)}}},
	{F "A: b\n\ntext\n\n" F "C: d\n\n\n", 2, {{"A: b\n\ntext\n", 14}, {"C: d\n\n", 8}}},
	{F "A: b\n\ntext", 1, {{"A: b\n\ntext", 14}}},
	{F "A: b\n\ntext\n", 1, {{"A: b\n\ntext\n", 14}}},
	{F "A: b\n\ntext\r", 1, {{"A: b\n\ntext\r", 15}}},
	{F "A: b\n\n\r", 1, {{"A: b\n\n\r", 11}}},
	{F "A: b\n\n\n\n" F "x\n", 2, {{"A: b\n\n\n", 10}, {"x\n", 3}}},
	/* CRLF, and a mix */
	{"From x Nov 24 13:00\r\nA: b\r\n\r\nt\r\n\r\nFrom y Nov 24 13:00\r\n\r\n", 2,
		{{"A: b\r\n\r\nt\r\n", 11}, {"", 0}}},
	{F "A: b\r\n\nx\n\r\n" F "c\n\n", 2, {{"A: b\r\n\nx\n", 11}, {"c\n", 3}}},
	/* not a separator: no empty line, no date, quoted, in the middle */
	{F "a\n" F "\n", 1, {{"a\n" F, 3 + sizeof(F)}}},
	{F "a\n\nFrom here on\n\n", 1, {{"a\n\nFrom here on\n", 19}}},
	{F "a\n\n>From me Nov 24 13:00\n\n", 1, {{"a\n\n>From me Nov 24 13:00\n", 27}}},
	{F ">>From \n> From \n>From:\n>\n", 1, {{">>From \n> From \n>From:\n>\n", 28}}},
	{F "a \n \n" F, 1, {{"a \n \n" F, 7 + sizeof(F)}}},
	/* Content-Length is never believed */
	{F "Content-Length: 999\n\na\n\n" F "b\n\n", 2,
		{{"Content-Length: 999\n\na\n", 26}, {"b\n", 3}}},
	/* other octets */
	{F "a\rb\r\r\n\n", 1, {{"a\rb\r\r\n", 6}}},
};

static void check_messages(const struct example *example, const struct mbox_table *table)
{
	assert_int_equal(table->len, example->count);
	for (size_t n = 0; n < table->len; n++) {
		const char *want = example->messages[n].content;

		assert_int_equal(table->at[n].length, strlen(want));
		assert_memory_equal(example->text + table->at[n].offset, want, strlen(want));
		assert_int_equal(table->at[n].seen.octets, example->messages[n].octets);
		assert_memory_equal(example->text + table->at[n].from, "From ", 5);
		assert_true(table->at[n].offset + table->at[n].length <= mbox_table_end(table, n));
	}
}

static void messages_at_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		size_t len = strlen(examples[i].text);

		for (size_t split = 0; split <= len; split++) {
			struct mbox_table table;
			int err = scan_text(examples[i].text, len, split, split % 5 + 1, &table);

			if (examples[i].count < 0)
				assert_int_equal(err, -EBADMSG);
			else
				check_messages(&examples[i], &table);
			mbox_table_done(&table);
		}
	}
}

/* Decode as a POP3 session does. No line of the alphabet begins with '.', so nothing is stuffed. */
static uint64_t wire_octets(const char *text, size_t len)
{
	struct mboxrd rd;
	struct crlf crlf;
	static char plain[4096], wire[8192];
	char last[8];
	size_t used, plain_len, more, wire_len;

	mboxrd_init(&rd, MBOXRD_UNQUOTE);
	mboxrd_run(&rd, text, len, &used, plain, sizeof(plain), &plain_len);
	assert_int_equal(used, len);
	assert_true(mboxrd_finish(&rd, plain + plain_len, 16, &more));
	plain_len += more;
	crlf_init(&crlf);
	crlf_run(&crlf, plain, plain_len, &used, wire, sizeof(wire), &wire_len);
	assert_int_equal(used, plain_len);
	return wire_len + crlf_finish(&crlf, last) - strlen(".\r\n");
}

static size_t random_text(char *text, size_t max)
{
	static const char *const words[] = {"\n", "\n\n", "\r\n", "\r", "From ", ">", F, ("\n" F),
		"A: b", "Received: x", "\n ", "Message-ID: <1>", "x", "From x Nov 24 13:00\r\n"};
	size_t len = strlen(F);

	memcpy(text, F, len);
	for (;;) {
		const char *word = words[(size_t)random() % COUNT(words)];

		if (len + strlen(word) > max || random() % 40 == 0)
			return len;
		memcpy(text + len, word, strlen(word));
		len += strlen(word);
	}
}

/* On anything: octets are what is sent, extents tile the file, and the pieces don't matter. */
static void octets_are_what_is_sent(void **state)
{
	static char text[2000];

	(void)state;
	srandom(5321);
	for (int i = 0; i < 20000; i++) {
		size_t len = random_text(text, sizeof(text));
		struct mbox_table whole, pieces;

		assert_int_equal(scan_text(text, len, len, 1, &whole), 0);
		assert_int_equal(scan_text(text, len, (size_t)random() % len,
					 1 + (size_t)random() % 9, &pieces),
			0);
		assert_int_equal(whole.len, pieces.len);
		for (size_t n = 0; n < whole.len; n++) {
			const struct mbox_message *message = &whole.at[n];

			assert_memory_equal(message, &pieces.at[n], sizeof(*message));
			assert_int_equal(message->seen.octets,
				wire_octets(text + message->offset, message->length));
		}
		mbox_table_done(&whole);
		mbox_table_done(&pieces);
	}
}

static void nul_and_long_lines(void **state)
{
	const size_t size = 3 << 20;
	char *text = calloc(1, size);
	struct mbox_table table;

	(void)state;
	memcpy(text, F, strlen(F));
	assert_int_equal(scan_text(text, size, 70000, 4096, &table), 0);
	assert_int_equal(table.len, 1);
	assert_int_equal(table.at[0].seen.octets, size - strlen(F) + 2);
	mbox_table_done(&table);
	/* A candidate that grows too long is text; the first line of the file may be of any length.
	 */
	memset(text, 'x', size);
	memcpy(text, "From ", 5);
	memcpy(text + 5000, "\n\nFrom ", 7);
	memcpy(text + 9000, " Nov 24 13:00\n\n", 15);
	assert_int_equal(scan_text(text, 9015, 5100, 300, &table), 0);
	assert_int_equal(table.len, 1);
	assert_int_equal(table.at[0].offset, 5001);
	assert_int_equal(table.at[0].seen.octets, 2 + 9014 - 5002 + 1);
	mbox_table_done(&table);
	free(text);
}

static void uidl_of(const char *message, char out[SPOOL_UIDL_SIZE])
{
	char text[2000];
	struct mbox_table table;
	size_t len;

	strcpy(text, F);
	strcat(text, message);
	len = strlen(text);
	assert_int_equal(scan_text(text, len, len, 1, &table), 0);
	assert_int_equal(table.len, 1);
	strcpy(out, table.at[0].seen.uidl);
	mbox_table_done(&table);
	for (size_t split = 0; split < len; split++) {
		assert_int_equal(scan_text(text, len, split, 1, &table), 0);
		assert_string_equal(table.at[0].seen.uidl, out);
		mbox_table_done(&table);
	}
}

static void uidl_stays(void **state)
{
	static const char *const same[] = {
		"Received: by a\nSubject: hello you\nMessage-ID: <1@a>\n\nbody\n",
		"Received: by a\nSubject: hello\n you\nMessage-ID: <1@a>\n\nbody\n",
		"Received: by a\r\nSubject:\r\n\thello you\r\nMessage-ID: <1@a>\r\n\r\nbody\r\n",
		"Return-Path: <>\nReceived: by a\nStatus: RO\nX-Status: A\nX-UID: 7\nX-Keywords:\n"
		"Subject: hello you\nMessage-ID: <1@a>\nContent-Length: 5\nLines: 1\nX-Label: x\n "
		"y\n\n",
		"RECEIVED: by a\nsubject: hello you\nmessage-id: <1@a>\n\nother body\nDate: x\n",
	};
	static const char *const others[] = {
		"Received: by b\nSubject: hello you\nMessage-ID: <1@a>\n\nbody\n",
		"Received: by a\nSubject: hello you\nMessage-ID: <2@a>\n\nbody\n",
		"Received: by a\nDelivered-To: x\nSubject: hello you\nMessage-ID: <1@a>\n\nbody\n",
		"Subject: one\n\nbody\n",
		"Subject: one\n\nbody two\n",
		"Subject: one\nReceivedX: y\nReceive: y\n\nbody 3\n",
		"",
	};
	char first[SPOOL_UIDL_SIZE], uidl[COUNT(others)][SPOOL_UIDL_SIZE];

	(void)state;
	uidl_of(same[0], first);
	assert_int_equal(strlen(first), 32);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);
	for (size_t i = 1; i < COUNT(same); i++) {
		uidl_of(same[i], uidl[0]);
		assert_string_equal(uidl[0], first);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		uidl_of(others[i], uidl[i]);
		assert_string_not_equal(uidl[i], first);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(uidl[i], uidl[j]);
	}
}

/* Without Received the body counts, in all but its line ends. */
static void uidl_of_drafts(void **state)
{
	static const char *const others[] = {
		"Message-ID: <d@x>\n\none\n",
		"Message-ID: <d@x>\n\ntwo\n",
		"Message-ID: <d@x>\n\nt wo\n",
		"Message-ID: <d@x>\n\ntw\to\n",
		"Message-ID: <d@x>\n\n",
	};
	char uidl[COUNT(others)][SPOOL_UIDL_SIZE], same[SPOOL_UIDL_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		uidl_of(others[i], uidl[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(uidl[i], uidl[j]);
	}
	uidl_of("Message-ID: <d@x>\r\n\r\ntwo\r\n", same);
	assert_string_equal(same, uidl[1]);
	uidl_of("Message-ID: <d@x>\n\ntwo", same);
	assert_string_equal(same, uidl[1]);
	uidl_of("Status: RO\nMessage-ID:\n <d@x>\n\ntwo\n\n", same);
	assert_string_equal(same, uidl[1]);
}

/* The recipe is a promise to every client that leaves its mail here: this must never change. */
static void uidl_is_forever(void **state)
{
	char uidl[SPOOL_UIDL_SIZE];

	(void)state;
	uidl_of("Received: by a\nSubject: hello you\nMessage-ID: <1@a>\n\nbody\n", uidl);
	assert_string_equal(uidl, "e04f118715532dca7e0261da40bda5fd");
	uidl_of("Subject: x\n\nbody\n", uidl);
	assert_string_equal(uidl, "a80d0a63c63ea7af76328cd46f10b99a");
}

static void duplicates_are_numbered(void **state)
{
	static const char text[] = F "Message-ID: a\n\n" F "Message-ID: b\n\n" F
				     "Message-ID: a\n\n" F "Message-ID: a\n\n";
	struct mbox_table table;
	char uidl[SPOOL_UIDL_SIZE];

	(void)state;
	assert_int_equal(scan_text(text, strlen(text), 0, 100, &table), 0);
	assert_int_equal(table.len, 4);
	strcpy(uidl, table.at[0].seen.uidl);
	assert_int_equal(strlen(uidl), 32);
	assert_string_not_equal(table.at[1].seen.uidl, uidl);
	strcpy(uidl + 32, "-2");
	assert_string_equal(table.at[2].seen.uidl, uidl);
	strcpy(uidl + 32, "-3");
	assert_string_equal(table.at[3].seen.uidl, uidl);
	mbox_table_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_lines),
		cmocka_unit_test(from_line_made),
		cmocka_unit_test(messages_at_every_split),
		cmocka_unit_test(octets_are_what_is_sent),
		cmocka_unit_test(nul_and_long_lines),
		cmocka_unit_test(uidl_stays),
		cmocka_unit_test(uidl_of_drafts),
		cmocka_unit_test(uidl_is_forever),
		cmocka_unit_test(duplicates_are_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* delivery - of the contract: what is delivered comes back, whole, once, octet by octet. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

/* One message goes in and comes out. */
static void assert_comes_back(struct text message, struct text wanted)
{
	struct spool *spool;
	size_t n;

	deliver(message);
	spool = must_open();
	n = spool_count(spool) - 1;
	assert_text(must_read(spool, n), as_delivered(wanted));
	assert_int_equal(spool_message(spool, n)->octets, wire_octets(as_delivered(wanted)));
	spool_close(&spool);
}

static void test_octets_come_back(void **state)
{
	const struct {
		struct text in;
		struct text out;
	} rows[] = {
		{TEXT("A: b\n\nbody\n"), TEXT("A: b\n\nbody\n")},
		{TEXT("A: b\r\n\r\nbody\r\n"), TEXT("A: b\n\nbody\n")},
		{TEXT("A: b\n\nbody\r\nmixed\nends\r\n"), TEXT("A: b\n\nbody\nmixed\nends\n")},
		{TEXT("A: b\n\nno end"), TEXT("A: b\n\nno end\n")},
		{TEXT("A: b\r\n\r\nno end"), TEXT("A: b\n\nno end\n")},
		{TEXT("A: b\n\na\rbare\r\rCR\n"), TEXT("A: b\n\na\rbare\r\rCR\n")},
		{TEXT("A: b\n\nNUL \0 \0\0\n\0\n"), TEXT("A: b\n\nNUL \0 \0\0\n\0\n")},
		{TEXT("A: \xc3\xa4\xff\n\n\x80\x81\xfe\n"),
			TEXT("A: \xc3\xa4\xff\n\n\x80\x81\xfe\n")},
		{TEXT("A: b\n\nFrom me\nFrom you Tue Nov 24 13:00:00 2026\n"),
			TEXT("A: b\n\nFrom me\nFrom you Tue Nov 24 13:00:00 2026\n")},
		{TEXT("A: b\n\n\n\nFrom x@y Tue Nov 24 13:00:00 2026\nC: d\n\n>From z\n>>From\n"),
			TEXT("A: b\n\n\n\nFrom x@y Tue Nov 24 13:00:00 2026\nC: d\n\n>From "
			     "z\n>>From\n")},
		{TEXT("From x@y Tue Nov 24 13:00:00 2026\nA: b\n\nc\n"),
			TEXT("From x@y Tue Nov 24 13:00:00 2026\nA: b\n\nc\n")},
		{TEXT("A: b\n\n.\n..\n...\n.a\n"), TEXT("A: b\n\n.\n..\n...\n.a\n")},
		{TEXT(""), TEXT("")},
		{TEXT("\n"), TEXT("\n")},
		{TEXT("\n\n\n"), TEXT("\n\n\n")},
		{TEXT("A: header only\n"), TEXT("A: header only\n")},
		{TEXT("A: header only\n\n"), TEXT("A: header only\n\n")},
		{TEXT("A: b\n\nempty lines at the end\n\n\n\n"),
			TEXT("A: b\n\nempty lines at the end\n\n\n\n")},
		{TEXT("\nno header\n"), TEXT("\nno header\n")},
		{TEXT(" a continuation of nothing\n\n"), TEXT(" a continuation of nothing\n\n")},
		{TEXT("Content-Length: 5\nLines: 7\n\na\n"),
			TEXT("Content-Length: 5\nLines: 7\n\na\n")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_comes_back(rows[i].in, rows[i].out);
	assert_int_equal(count_now(), COUNT(rows));
}

/* No line and no message has a limit of its own. */
static void test_huge_lines(void **state)
{
	static const size_t sizes[] = {998, 4095, 65535, 65536, 262144, 1000003};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct text line = text_new(sizes[i] * 2 + 12);

		memset(line.at, 'h', line.len);
		memcpy(line.at, "A: ", 3);
		memcpy(line.at + sizes[i], "\n\n", 2);
		memcpy(line.at + sizes[i] + 2, "From ", 5);
		assert_comes_back(line, line);
	}
}

static void test_thirty_megabytes(void **state)
{
	struct text large = text_new(30 * 1024 * 1024);

	(void)state;
	for (size_t i = 0; i < large.len; i++)
		large.at[i] = (char)(i % 71 == 70 ? '\n' : ' ' + i * i % 90);
	memcpy(large.at, "A: b\n\n", 6);
	large.at[large.len - 1] = '\n';
	deliver(numbered(1));
	assert_comes_back(large, large);
	deliver(numbered(2));
	assert_int_equal(count_now(), 3);
}

static void test_metadata_is_dropped(void **state)
{
	(void)state;
	assert_comes_back(TEXT("Status: RO\nA: b\nX-Status: D\n folded\nX-UID: 7\nX-UIDL: 1\n"
			       "X-IMAP: 1\nX-IMAPbase: 1 2\nx-keywords: y\nC: d\n\nStatus: R\n"),
		TEXT("A: b\nC: d\n\nStatus: R\n"));
}

static void deliver_from(const char *sender, const char *recipient)
{
	struct spool_envelope envelope = {.sender = sender, .recipient = recipient};
	int fd = file_of(TEXT("A: b\n\nc\n"));

	assert_int_equal(spool_deliver(&place, &envelope, fd, &why), 0);
}

/* Addresses come from the network: one line each, whatever is in them. */
static void test_trace_fields(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_from("", NULL);
	deliver_from("a@b", "c@d");
	deliver_from("a\nX-Evil: 1\n\nFrom x\r\n\x7f@b", "c\r\nX-Evil: 2@d");
	spool = must_open();
	assert_int_equal(spool_count(spool), 3);
	assert_text(must_read(spool, 0), TEXT("Return-Path: <>\nA: b\n\nc\n"));
	assert_text(
		must_read(spool, 1), TEXT("Return-Path: <a@b>\nDelivered-To: c@d\nA: b\n\nc\n"));
	assert_text(must_read(spool, 2),
		TEXT("Return-Path: <a-X-Evil: 1--From x---@b>\nDelivered-To: c--X-Evil: 2@d\n"
		     "A: b\n\nc\n"));
	spool_close(&spool);
}

static void test_order(void **state)
{
	unsigned numbers[50];

	(void)state;
	for (unsigned n = 0; n < COUNT(numbers); n++)
		numbers[n] = n;
	deliver_numbered(0, COUNT(numbers));
	assert_numbers(numbers, COUNT(numbers));
}

/* From the begin of the file, wherever its offset is, which stays. */
static void test_offset_does_not_matter(void **state)
{
	struct spool_envelope envelope = {.sender = "a@b"};
	struct text message = numbered(1);
	int fd = file_of(message);

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(spool_deliver(&place, &envelope, fd, &why), 0);
	assert_int_equal(count_now(), 2);
}

const struct contract_test tests_delivery[] = {
	{"octets come back", test_octets_come_back},
	{"huge lines", test_huge_lines},
	{"thirty megabytes", test_thirty_megabytes},
	{"metadata is dropped", test_metadata_is_dropped},
	{"trace fields", test_trace_fields},
	{"order", test_order},
	{"the file's offset does not matter", test_offset_does_not_matter},
	{NULL, NULL},
};

/* What conversions are made of: marks, dates, names with ids, octets that must not become less, and
 * the ledger. */
#include "spool/encode.h"
#include "spool/flags.h"
#include "spool/ledger.h"
#include "spool/maildir_name.h"
#include "spool/mbox_from.h"
#include "spool/state_file.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_flags(void **context)
{
	static const struct {
		unsigned flags;
		const char *info;
		const char *fields;
	} rows[] = {
		{0, ":2,", ""},
		{FLAG_OLD, ":2,", "Status: O\n"},
		{FLAG_OLD | FLAG_READ, ":2,S", "Status: RO\n"},
		{FLAG_READ | FLAG_ANSWERED | FLAG_FLAGGED, ":2,FRS", "Status: R\nX-Status: FA\n"},
		{63, ":2,DFRST", "Status: RO\nX-Status: TFAD\n"},
	};

	(void)context;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char info[FLAGS_INFO_SIZE];
		char fields[FLAGS_FIELDS_SIZE];

		flags_info(rows[i].flags, info);
		assert_string_equal(info, rows[i].info);
		assert_int_equal(flags_of_info(info), rows[i].flags & ~(unsigned)FLAG_OLD);
		flags_fields(rows[i].flags, fields);
		assert_string_equal(fields, rows[i].fields);
	}
	assert_int_equal(flags_of_info(":1,S"), 0);
	assert_int_equal(flags_of_info(""), 0);
	assert_int_equal(flags_of_info(":2,PSx"), FLAG_READ);
	assert_int_equal(flags_of_status("OR?A", 4), FLAG_OLD | FLAG_READ);
	assert_int_equal(flags_of_x_status("ARO", 3), FLAG_ANSWERED);
	assert_true(flags_are_same(FLAG_READ, FLAG_READ | FLAG_OLD));
	assert_false(flags_are_same(0, FLAG_OLD));
	assert_false(flags_are_same(FLAG_READ, FLAG_OLD));
}

static void test_dates(void **context)
{
	static const struct {
		const char *line;
		time_t when;
	} rows[] = {
		{"From a@b Tue Nov 24 13:00:00 2026", 1795525200},
		{"From a@b Tue Nov 24 13:00 2026", 1795525200},
		{"From a@b  Tue Nov 24 13:00:00 2026 +0100", 1795521600},
		{"From a@b Tue Nov 24 13:00:00 -0130 2026", 1795530600},
		{"From a@b Tue Nov 24 13:00:00 EST 2026", 1795543200},
		{"From a@b Tue Nov 24 13:00:00 PDT 2026", 1795550400},
		{"From a@b Tue Nov 24 13:00:00 UTC 2026 remote from x", 1795525200},
		{"From a@b Tue Nov 24 13:00:00 XYZ 2026", 1795525200},
		{"From a@b Thu Jan  1 00:00:07 1970", 7},
		{"From a@b Tue Nov 24 13:00:00", -1},
		{"From a@b Tue Nov 24 13:00:00 1900", -1},
		{"From a@b", -1},
		{"", -1},
	};

	(void)context;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(mbox_from_time(rows[i].line, strlen(rows[i].line)), rows[i].when);
}

static void test_names(void **context)
{
	char name[NAME_MAX + 1] = "1.a";
	char uidl[SPOOL_UIDL_SIZE];
	char long_id[71];

	(void)context;
	assert_true(maildir_name_add_uidl(name, "a/b:c,d%e"));
	assert_string_equal(name, "1.a,U=a%2Fb%3Ac%2Cd%25e");
	maildir_name_uidl(name, strlen(name), 0, uidl);
	assert_string_equal(uidl, "a/b:c,d%e");
	maildir_name_uidl(name, strlen(name), 7, uidl);
	assert_int_equal(strlen(uidl), 32);
	memset(long_id, '/', sizeof(long_id) - 1);
	long_id[70] = '\0';
	snprintf(name, sizeof(name), "1.b");
	assert_true(maildir_name_add_uidl(name, long_id));
	maildir_name_uidl(name, strlen(name), 0, uidl);
	assert_string_equal(uidl, long_id);
	snprintf(name, sizeof(name), "%0200d", 1);
	assert_false(maildir_name_add_uidl(name, long_id));
	assert_int_equal(strlen(name), 200);
	maildir_name_uidl("1.c,U=a%2", 9, 0, uidl);
	assert_string_equal(uidl, "1.c,U=a%2");
	maildir_name_uidl("1.c,U=a%0A", 10, 0, uidl);
	assert_string_equal(uidl, "1.c,U=a%0A");
}

struct text {
	char at[64];
	size_t len;
};

static int sink(void *context, const char *octets, size_t len)
{
	struct text *text = context;

	memcpy(text->at + text->len, octets, len);
	text->len += len;
	return 0;
}

static void test_exact(void **context)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{"a\r\nb\r\n", "a\nb\n"},
		{"a\r\r\nb\n", "a\r\r\nb\n"},
		{"a\r\r\r\n\r\n", "a\r\r\r\n\n"},
		{"a\rb", "a\rb\n"},
		{"\n\na\r", "\n\na\r\r\n"},
		{"\n\na\r\r", "\n\na\r\r\r\n"},
		{"Status: x\n\n", "Status: x\n\n"},
		{"\r", "\r\r\n"},
	};
	static const char *const none[] = {NULL};

	(void)context;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t step = 1; step <= strlen(rows[i].in); step++) {
			struct text text = {.len = 0};
			struct encode encode;

			encode_init(&encode, SPOOL_FORM_PLAIN, sink, &text);
			encode.dropped = none;
			encode.is_exact = true;
			for (size_t at = 0; at < strlen(rows[i].in); at += step)
				encode_text(
					&encode, rows[i].in + at, strnlen(rows[i].in + at, step));
			encode_end(&encode);
			assert_int_equal(text.len, strlen(rows[i].out));
			assert_memory_equal(text.at, rows[i].out, text.len);
		}
	}
}

static void test_tally(void **context)
{
	uint8_t digest[3][SHA256_DIGEST_LENGTH] = {{1}, {2}, {3}};
	struct tally tally;

	(void)context;
	tally_init(&tally);
	assert_null(tally_take(&tally, digest[0]));
	assert_int_equal(tally_add(&tally, digest[1], 5), 0);
	assert_int_equal(tally_add(&tally, digest[0], 6), 0);
	assert_int_equal(tally_add(&tally, digest[1], 4), 0);
	assert_int_equal(tally_take(&tally, digest[1])->number, 4);
	assert_int_equal(tally_take(&tally, digest[1])->number, 5);
	assert_null(tally_take(&tally, digest[1]));
	assert_null(tally_take(&tally, digest[2]));
	assert_int_equal(tally_take(&tally, digest[0])->number, 6);
	tally_done(&tally);
}

/* How many rows of the ledger are believed; -1: none of it. */
static int believed(const char *folder, const char *to, uint64_t inode, int64_t birth)
{
	struct ledger ledger;
	int known;
	int rows;

	assert_int_equal(ledger_init(&ledger, folder, "/tmp/from", to), 0);
	known = ledger_open(&ledger, (struct identity){inode, birth});
	rows = known == 1 ? (int)ledger.rows.len : -1;
	ledger_close(&ledger);
	return rows;
}

static void add(const char *folder, const uint8_t (*rows)[SHA256_DIGEST_LENGTH], size_t len)
{
	struct ledger ledger;

	assert_int_equal(ledger_init(&ledger, folder, "/tmp/from", "/tmp/to"), 0);
	assert_int_equal(ledger_open(&ledger, (struct identity){77, 5}), 1);
	assert_int_equal(ledger_add(&ledger, rows, len), 0);
	ledger_close(&ledger);
}

static void test_ledger(void **context)
{
	static const uint8_t rows[600][SHA256_DIGEST_LENGTH] = {{1}, {2}, {3}};
	char folder[] = "/tmp/pillarbox-ledger.XXXXXX";
	struct ledger ledger;
	char path[PATH_MAX];
	int fd;

	(void)context;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(ledger_init(&ledger, folder, "/tmp/x", "/tmp//x"), -EINVAL);
	assert_int_equal(believed(folder, "/tmp/to", 77, 5), -1);
	assert_int_equal(ledger_init(&ledger, folder, "/tmp/from", "/tmp/to"), 0);
	assert_int_equal(ledger_begin(&ledger, (struct identity){77, 5}), 0);
	memcpy(path, ledger.path, sizeof(path));
	ledger_close(&ledger);
	assert_int_equal(believed(folder, "/tmp/to", 77, 5), 0);
	assert_int_equal(believed(folder, "/tmp/to", 78, 5), -1);
	assert_int_equal(believed(folder, "/tmp/to", 77, 6), -1);
	add(folder, rows, 3);
	add(folder, rows, 600);
	assert_int_equal(believed(folder, "/tmp/to", 77, 5), 603);
	/* What a power cut has torn is no row, nor is what stands behind it; and the next one is.
	 */
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "\0\0\0", 3, lseek(fd, 0, SEEK_END) - 100), 3);
	close(fd);
	assert_int_equal(believed(folder, "/tmp/to", 77, 5), 601);
	add(folder, rows, 1);
	assert_int_equal(believed(folder, "/tmp/to", 77, 5), 602);
	unlink(path);
	rmdir(folder);
}

/* A mailbox that may have a journal may have a ledger, too. */
static void test_ledger_of_the_longest_name(void **context)
{
	char folder[] = "/tmp/pillarbox-ledger.XXXXXX";
	char path[PATH_MAX];
	char to[NAME_MAX + 1] = "/";
	char name[NAME_MAX + 1];
	struct ledger ledger;

	(void)context;
	assert_non_null(mkdtemp(folder));
	for (size_t len = 1; len < NAME_MAX && state_file_name(to, name) == 0; len++)
		to[len] = 'n';
	to[strlen(to) - 1] = '\0';
	assert_true(strlen(to) > 200);
	assert_int_equal(ledger_init(&ledger, folder, "/tmp/from", to), 0);
	assert_int_equal(ledger_begin(&ledger, (struct identity){77, 5}), 0);
	memcpy(path, ledger.path, sizeof(path));
	ledger_close(&ledger);
	assert_int_equal(believed(folder, to, 77, 5), 0);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_ledger_of_the_longest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

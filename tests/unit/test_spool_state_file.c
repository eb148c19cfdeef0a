/* A mailbox's files have one name, however the mailbox is spelled. */
#include "spool/state_file.h"

#include "base/fd.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[64]; /* has a folder "mail", and "link", which leads to it */

static const char *in_place(const char *rest)
{
	static char path[2][256];
	static unsigned turn;

	snprintf(path[++turn % 2], sizeof(*path), "%s/%s", place, rest);
	return path[turn % 2];
}

static int setup(void **state)
{
	(void)state;
	strcpy(place, "/tmp/pillarbox-state.XXXXXX");
	if (!mkdtemp(place))
		return -1;
	return mkdir(in_place("mail"), 0700) < 0 || symlink("mail", in_place("link")) < 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(in_place("link"));
	rmdir(in_place("mail"));
	return rmdir(place);
}

static void name_is(const char *rest, const char *want, bool has_folder)
{
	char name[NAME_MAX + 1], expected[256];
	struct stat mine, real;
	int folder;

	snprintf(expected, sizeof(expected), "%%2Ftmp%%2F%s%%2F%s", place + strlen("/tmp/"), want);
	assert_int_equal(state_file_name_in(in_place(rest), name, &folder), 0);
	assert_string_equal(name, expected);
	assert_int_equal(folder >= 0, has_folder);
	if (has_folder) {
		assert_int_equal(fstat(folder, &mine), 0);
		assert_int_equal(stat(in_place("mail"), &real), 0);
		assert_int_equal(mine.st_ino, real.st_ino);
	}
	fd_close(&folder);
	assert_int_equal(state_file_name(in_place(rest), name), 0);
	assert_string_equal(name, expected);
}

static void plain_path_gives_the_folder(void **state)
{
	(void)state;
	name_is("mail/box", "mail%2Fbox", true);
	name_is("mail/50%", "mail%2F50%25", true);
	name_is("mail/..box", "mail%2F..box", true);
	name_is("mail/.box.", "mail%2F.box.", true);
}

static void other_spellings_are_the_same(void **state)
{
	(void)state;
	name_is("mail//box", "mail%2Fbox", false);
	name_is("./mail/box", "mail%2Fbox", false);
	name_is("mail/./box", "mail%2Fbox", false);
	name_is("mail/../mail/box", "mail%2Fbox", false);
	name_is("link/box", "mail%2Fbox", false);
	name_is("link/../link/box", "mail%2Fbox", false);
}

static void folder_that_is_not_there_yet(void **state)
{
	(void)state;
	name_is("mail/new/box", "mail%2Fnew%2Fbox", false);
	name_is("link/new/box", "mail%2Fnew%2Fbox", false);
}

static void mailbox_at_the_root(void **state)
{
	char name[NAME_MAX + 1];

	(void)state;
	assert_int_equal(state_file_name("/box", name), 0);
	assert_string_equal(name, "%2Fbox");
}

static void loop_of_links_is_refused(void **state)
{
	char name[NAME_MAX + 1];
	int folder;

	(void)state;
	unlink(in_place("link"));
	assert_int_equal(symlink("link", in_place("link")), 0);
	assert_int_equal(state_file_name_in(in_place("link/box"), name, &folder), -ELOOP);
	assert_int_equal(folder, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_path_gives_the_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(other_spellings_are_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(folder_that_is_not_there_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(mailbox_at_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(loop_of_links_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

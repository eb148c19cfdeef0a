/* refusal - of the contract: what is unfit is refused, untouched, and it is said why. */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int try_open(void)
{
	struct spool *spool = (struct spool *)&place;
	int err = spool_open(&spool, &place, &why);

	if (err)
		assert_null(spool);
	else
		spool_close(&spool);
	return err;
}

/* RFC 3463: class.subject.detail; one printable line that names what it is about. */
static void assert_why(const char *subject)
{
	assert_true(why.class == WHY_TEMP || why.class == WHY_PERM);
	assert_in_range(why.status[0], '2', '5');
	assert_int_equal(why.status[1], '.');
	assert_non_null(strstr(why.text, subject));
	for (const char *at = why.text; *at; at++)
		assert_true((unsigned char)*at >= ' ');
	memset(&why, 0, sizeof(why));
}

static void assert_refused(void)
{
	struct stat before;
	struct stat after;

	assert_int_equal(lstat(path, &before), 0);
	assert_true(try_deliver(numbered(1)) < 0);
	assert_why(path);
	assert_true(try_open() < 0);
	assert_why(path);
	assert_int_equal(lstat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
}

/* To a mailbox as good as any. */
static void test_symbolic_link(void **state)
{
	struct text elsewhere;

	(void)state;
	deliver_numbered(0, 1);
	elsewhere = text_of("%s/elsewhere", folder);
	assert_int_equal(rename(path, elsewhere.at), 0);
	assert_int_equal(symlink(elsewhere.at, path), 0);
	assert_refused();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_refused();
	assert_int_equal(access(text_of("%s/nowhere", folder).at, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(elsewhere.at, path), 0);
	assert_numbers((unsigned[]){0}, 1);
}

/* Nobody waits for who might write into it. */
static void test_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused();
}

static void test_other_file(void **state)
{
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fputs("neither an mbox nor anything else\n", file);
	fclose(file);
	assert_refused();
}

static void test_other_owner(void **state)
{
	(void)state;
	deliver_numbered(0, 2);
	place.owner++;
	assert_refused();
	place.owner--;
	assert_numbers((unsigned[]){0, 1}, 2);
}

/* Nobody makes a mailbox for somebody else. */
static void test_none_for_others(void **state)
{
	(void)state;
	place.owner++;
	assert_true(try_deliver(numbered(1)) < 0);
	assert_why(path);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_bad_locations(void **state)
{
	static const char *const bad[] = {"", "/", ":/x", "nosuchstore:/x", "relative/path"};
	const char *good = place.location;
	size_t prefix = strcspn(good, ":") + 1;

	(void)state;
	for (size_t i = 0; i < COUNT(bad) + 3; i++) {
		struct text made[] = {text_of("%.*s", (int)prefix, good),
			text_of("%.*srelative", (int)prefix, good), text_of("%s/", good)};

		place.location = i < COUNT(bad) ? bad[i] : made[i - COUNT(bad)].at;
		assert_int_equal(try_deliver(numbered(1)), -EINVAL);
		assert_why(place.location);
		assert_int_equal(try_open(), -EINVAL);
		assert_why(place.location);
	}
	place.location = good;
	assert_int_equal(count_now(), 0);
}

/* A name that no files in `state` can be called after. */
static void test_too_long(void **state)
{
	struct text location = text_of("%s-%0300d", place.location, 0);

	(void)state;
	place.location = location.at;
	assert_int_equal(try_deliver(numbered(1)), -ENAMETOOLONG);
	assert_int_equal(try_open(), -ENAMETOOLONG);
}

static void test_no_state(void **state)
{
	(void)state;
	deliver_numbered(0, 1);
	place.state = text_of("%s/nosuch", folder).at;
	assert_true(try_open() < 0);
	assert_why(place.state);
}

static void test_why_may_be_null(void **state)
{
	struct spool_envelope envelope = {.sender = ""};
	struct spool_extent extent;
	struct spool *spool;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(spool_deliver(&place, &envelope, file_of(numbered(1)), NULL) < 0);
	assert_true(spool_open(&spool, &place, NULL) < 0);
	assert_int_equal(unlink(path), 0);
	deliver_numbered(0, 1);
	spool = must_open();
	assert_int_equal(spool_fetch(spool, 7, &extent, NULL), -EINVAL);
	spool_close(&spool);
}

/* The message can't be read, or is none. */
static void test_no_message(void **state)
{
	struct spool_envelope envelope = {.sender = ""};

	(void)state;
	assert_int_equal(spool_deliver(&place, &envelope, -1, &why), -EBADF);
	assert_why(path);
	assert_true(spool_deliver(&place, &envelope, open(folder, O_RDONLY | O_CLOEXEC), &why) < 0);
	assert_why(path);
	assert_int_equal(count_now(), 0);
}

const struct contract_test tests_refusal[] = {
	{"a symbolic link", test_symbolic_link},
	{"a FIFO", test_fifo},
	{"some other file", test_other_file},
	{"somebody else's", test_other_owner},
	{"none is made for others", test_none_for_others},
	{"bad locations", test_bad_locations},
	{"a name too long", test_too_long},
	{"no state folder", test_no_state},
	{"why may be NULL", test_why_may_be_null},
	{"no message", test_no_message},
	{NULL, NULL},
};

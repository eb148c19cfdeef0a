/* An mbox that is none, that others hold, that lies where it can't be: nothing is touched. */
#include "base/clock.h"
#include "mbox_place.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>

static void no_mbox_is_left_alone(void **state)
{
	static const char *const texts[] = {"Dear diary\n", "\nFrom\n", "x",
		"\n\n"
		">" A,
		"\r" A, "\n\r\r\n" A, "\r"};
	struct spool *spool;
	struct why why;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_box(texts[i]);
		assert_int_equal(spool_open(&spool, &place, &why), -EBADMSG);
		assert_null(spool);
		assert_int_equal(why.class, WHY_PERM);
		assert_string_equal(why.status, "5.2.0");
		assert_non_null(strstr(why.text, box));
		assert_int_equal(deliver("A: b\n", &why), -EBADMSG);
		assert_int_equal(why.class, WHY_TEMP);
		assert_string_equal(why.status, "4.3.0");
		assert_box(texts[i]);
	}
}

static void assert_refused(const char *because)
{
	struct spool *spool;
	struct why why;

	assert_true(deliver("A: b\n", &why) < 0);
	assert_int_equal(why.class, WHY_TEMP);
	assert_string_equal(why.status, "4.3.0");
	assert_non_null(strstr(why.text, because));
	assert_non_null(strstr(why.text, box));
	assert_true(spool_open(&spool, &place, &why) < 0);
	assert_int_equal(why.class, WHY_TEMP);
	assert_non_null(strstr(why.text, because));
}

static void wrong_kinds(void **state)
{
	char other[160];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", root);
	assert_int_equal(symlink(other, box), 0);
	assert_refused("symbolic link");
	assert_int_equal(access(other, F_OK), -1);
	unlink(box);

	write_box(A);
	assert_int_equal(link(box, other), 0);
	assert_refused("more than one link");
	unlink(other);
	place.owner = geteuid() + 1;
	assert_refused("belongs to uid");
	place.owner = geteuid();
	assert_box(A);
	unlink(box);

	assert_int_equal(mkfifo(box, 0600), 0);
	assert_refused("not a regular file");
	unlink(box);
	assert_int_equal(mkdir(box, 0700), 0);
	assert_refused("folder");
	rmdir(box);
	assert_int_equal(symlink("/dev/null", box), 0);
	assert_refused("symbolic link");
	unlink(box);
	snprintf(location, sizeof(location), "mbox:/dev/null");
	strcpy(box, "/dev/null");
	assert_refused("not a regular file");
}

static void locations(void **state)
{
	static const char *const wrong[] = {
		"", "mbox:", "mbox:x", "maildirr:/x", "/x", "mbox:/x/", "mbox"};
	struct spool *spool;
	struct why why;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		place.location = wrong[i];
		assert_int_equal(spool_open(&spool, &place, &why), -EINVAL);
		assert_int_equal(deliver("A: b\n", &why), -EINVAL);
		assert_string_equal(why.status, "4.3.5");
	}
}

static void in_use(void **state)
{
	struct spool *first = open_box(0), *second;
	struct why why;
	int64_t start = clock_ms();

	(void)state;
	assert_int_equal(spool_open(&second, &place, &why), -EBUSY);
	assert_int_equal(why.class, WHY_INUSE);
	assert_null(second);
	assert_in_range(clock_ms() - start, 400, 2000);
	spool_close(&first);
	second = open_box(0);
	spool_close(&second);
}

/* One mailbox by two names, the folder of which is yet to be made. */
static void in_use_by_another_name(void **state)
{
	struct spool *first, *second;
	char name[200];

	(void)state;
	snprintf(name, sizeof(name), "%s/alias", root);
	assert_int_equal(symlink(".", name), 0);
	snprintf(name, sizeof(name), "mbox:%s/alias/new//er/box", root);
	place.location = name;
	first = open_box(0);
	assert_int_equal(deliver("A: b\n", NULL), 0);
	assert_int_equal(spool_open(&second, &place, NULL), -EBUSY);
	snprintf(location, sizeof(location), "mbox:%s/new/er/box", root);
	place.location = location;
	assert_int_equal(spool_open(&second, &place, NULL), -EBUSY);
	spool_close(&first);
	second = open_box(1);
	spool_close(&second);
}

static void locked_by_others(void **state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct spool *spool;
	char name[160];
	struct why why;
	int fd;

	(void)state;
	write_box(A);
	snprintf(name, sizeof(name), "%s.lock", box);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(deliver("A: b\n", &why), -EAGAIN);
	assert_string_equal(why.status, "4.2.1");
	assert_non_null(strstr(why.text, "for too long, by its .lock file"));
	assert_int_equal(spool_open(&spool, &place, &why), -EAGAIN);
	assert_int_equal(why.class, WHY_TEMP);
	unlink(name);

	fd = open(box, O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(deliver("A: b\n", &why), -EAGAIN);
	assert_null(strstr(why.text, ".lock"));
	assert_int_equal(access(name, F_OK), -1);
	close(fd);
	assert_int_equal(deliver("A: b\n", NULL), 0);
	assert_int_equal(access(name, F_OK), -1);
}

struct help {
	int taken;
	int released;
	int created;
	int answer;
};

static int help_take(void *context)
{
	struct help *help = context;

	help->taken++;
	return help->answer;
}

static int help_release(void *context)
{
	struct help *help = context;

	help->released++;
	return 0;
}

static int help_create(void *context)
{
	struct help *help = context;

	help->created++;
	assert_int_equal(chmod(root, 0700), 0);
	write_box("");
	assert_int_equal(chmod(root, 0500), 0);
	return 0;
}

/* A folder in which the owner may not write. For root there is none. */
static void helper_is_asked(void **state)
{
	struct help help = {0};
	struct spool_helper helper = {help_take, help_release, help_create, &help};

	(void)state;
	if (geteuid() == 0)
		skip();
	place.helper = &helper;
	assert_int_equal(chmod(root, 0500), 0);
	assert_int_equal(deliver("A: b\n", NULL), 0);
	assert_int_equal(help.created, 1);
	assert_int_equal(help.taken, 1);
	assert_int_equal(help.released, 1);
	help.answer = -EEXIST;
	assert_int_equal(deliver("A: b\n", NULL), -EAGAIN);
	assert_int_equal(help.taken, 2);
	assert_int_equal(help.released, 1);
	place.helper = NULL; /* the kernel's lock alone */
	assert_int_equal(deliver("A: b\n", NULL), 0);
	assert_int_equal(unlink(box), -1);
	assert_int_equal(chmod(root, 0700), 0);
}

static void long_paths(void **state)
{
	static char path[400];
	struct spool *spool;

	(void)state;
	/* Nothing is made that could have no journal, or no lock. */
	snprintf(path, sizeof(path), "mbox:%s/%0250d", root, 0);
	place.location = path;
	assert_int_equal(deliver("A: b\n", NULL), -ENAMETOOLONG);
	assert_int_equal(access(path + 5, F_OK), -1);
	snprintf(path, sizeof(path), "mbox:%s/%0200d/%050d", root, 0, 0);
	place.location = path;
	assert_int_equal(spool_open(&spool, &place, NULL), -ENAMETOOLONG);
	assert_int_equal(deliver("A: b\n", NULL), -ENAMETOOLONG);
	*strrchr(path, '/') = '\0';
	assert_int_equal(access(path + 5, F_OK), -1);
}

/* What can't be read from its beginning twice would be a message without octets. */
static void no_message(void **state)
{
	static const char *const kinds[] = {"mbox", "maildir"};
	struct spool_envelope envelope = {.sender = "a@b"};
	struct why why;
	int ends[2];
	int folder = open(root, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_write(ends[1], "A: b\n", 5), 0);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		snprintf(location, sizeof(location), "%s:%s", kinds[i], box);
		assert_int_equal(spool_deliver(&place, &envelope, ends[0], &why), -EINVAL);
		assert_int_equal(why.class, WHY_TEMP);
		assert_non_null(strstr(why.text, box));
		assert_int_equal(spool_deliver(&place, &envelope, folder, NULL), -EINVAL);
		assert_int_equal(spool_deliver(&place, &envelope, -1, NULL), -EBADF);
		assert_int_equal(access(box, F_OK), -1);
	}
	close(folder);
	close(ends[0]);
	close(ends[1]);
}

/* That it is the state folder which is missing, not the mailbox. */
static void no_state_folder(void **state)
{
	struct why why;

	(void)state;
	write_box(A);
	assert_int_equal(rmdir(state_folder), 0);
	assert_int_equal(deliver("A: b\n", &why), -ENOENT);
	assert_non_null(strstr(why.text, box));
	assert_non_null(strstr(why.text, state_folder));
	assert_box(A);
}

/* Which file it is that nobody but the owner can have put there. */
static void state_file_is_named(void **state)
{
	static const char *const suffixes[] = {"append", "cut", "journal", "mend"};
	char pattern[160], path[PATH_MAX];
	struct why why;
	glob_t found;

	(void)state;
	assert_int_equal(deliver("A: b\n", NULL), 0);
	snprintf(pattern, sizeof(pattern), "%s/*.append", state_folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(unlink(found.gl_pathv[0]), 0);
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		int len = (int)(strrchr(found.gl_pathv[0], '.') - found.gl_pathv[0]);

		snprintf(path, sizeof(path), "%.*s.%s", len, found.gl_pathv[0], suffixes[i]);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_true(deliver("A: b\n", &why) < 0);
		assert_int_equal(why.class, WHY_TEMP);
		assert_non_null(strstr(why.text, box));
		assert_non_null(strstr(why.text, path));
		assert_int_equal(unlink(path), 0);
	}
	globfree(&found);
	assert_int_equal(deliver("A: b\n", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(no_mbox_is_left_alone),
		BOX_TEST(wrong_kinds),
		BOX_TEST(locations),
		BOX_TEST(in_use),
		BOX_TEST(in_use_by_another_name),
		BOX_TEST(locked_by_others),
		BOX_TEST(helper_is_asked),
		BOX_TEST(long_paths),
		BOX_TEST(no_message),
		BOX_TEST(no_state_folder),
		BOX_TEST(state_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

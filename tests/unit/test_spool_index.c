/*
 * Unit tests of libspool's index, through the public interface: whatever happens to the mailbox,
 * and whatever is in the index, who has one sees what they see who have none.
 */
#include "unit.h"

#include "base/fd.h"
#include "spool/mbox_index.h"
#include "spool/spool.h"
#include "spool/stamp.h"
#include "spool/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FROM "From a@b Tue Nov 24 13:00:00 2026\n"

static char root[] = "/var/tmp/pillarbox-index.XXXXXX";
static char box[64];
static char location[80];
static char state_folder[64];
static char cache_folder[64];
static char name[NAME_MAX + 1];
static char index_file[PATH_MAX];
static struct spool_place with;    /* an index */
static struct spool_place without; /* one */

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(box, sizeof(box), "%s/box", root);
	snprintf(location, sizeof(location), "mbox:%s", box);
	snprintf(state_folder, sizeof(state_folder), "%s/state", root);
	snprintf(cache_folder, sizeof(cache_folder), "%s/cache", root);
	if (state_file_name(box, name) || state_file_join(cache_folder, name, "index", index_file))
		return -1;
	without = (struct spool_place){
		.location = location, .state = state_folder, .owner = geteuid()};
	with = without;
	with.cache = cache_folder;
	return mkdir(state_folder, 0700) || mkdir(cache_folder, 0700);
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static unsigned next_random(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % limit;
}

/* So that what is written now does not look as if it had been there before. */
static void let_it_grow_old(void)
{
	const struct timespec time = {.tv_nsec = 25000000};

	nanosleep(&time, NULL);
}

static struct spool *open_box(const struct spool_place *place)
{
	struct spool *spool;
	struct why why = {0};

	if (spool_open(&spool, place, &why))
		fail_msg("%s", why.text);
	return spool;
}

/* How many messages there are, with an index and without. */
static size_t compare(void)
{
	struct spool *seen = open_box(&with);
	size_t count = spool_count(seen);
	uint64_t octets = spool_octets(seen); /* before anybody looks at the messages */
	struct spool_message *list = calloc(count + 1, sizeof(*list));

	assert_non_null(list);
	for (size_t n = 0; n < count; n++)
		list[n] = *spool_message(seen, n);
	spool_close(&seen);
	seen = open_box(&without);
	assert_int_equal(spool_count(seen), count);
	assert_int_equal(spool_octets(seen), octets);
	for (size_t n = 0; n < count; n++) {
		assert_int_equal(spool_message(seen, n)->octets, list[n].octets);
		assert_string_equal(spool_message(seen, n)->uidl, list[n].uidl);
	}
	spool_close(&seen);
	free(list);
	return count;
}

static void append_octets(const char *text)
{
	int fd = open(box, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	fd_close(&fd);
}

static void append_message(unsigned id, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), FROM "Received: %u\nMessage-ID: <%u@x>\n\n%s\n\n", id, id,
		more);
	append_octets(text);
}

static void deliver(unsigned id)
{
	struct spool_envelope envelope = {.sender = "a@b", .recipient = "c@d"};
	int fd = open(root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char text[128];
	int len = snprintf(text, sizeof(text), "Received: %u\n\n>From here\n", id);

	assert_true(fd >= 0);
	assert_int_equal(fd_pwrite(fd, text, (size_t)len, 0), 0);
	assert_int_equal(spool_deliver(&with, &envelope, fd, NULL), 0);
	fd_close(&fd);
}

static void write_octets(const char *path, uint64_t offset, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		assert_int_equal(fd_pwrite(fd, text, len, offset), 0);
	fd_close(&fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static int64_t index_mtime(void)
{
	struct stat st;

	return stat(index_file, &st) == 0
		       ? (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec
		       : 0;
}

static void start_again(unsigned messages)
{
	unlink(box);
	unlink(index_file);
	for (unsigned n = 0; n < messages; n++)
		append_message(n, "hello");
	let_it_grow_old();
}

/* Whose index is used, and whose is not. */
static void test_it_is_there_and_believed(void **state)
{
	struct mbox_index index;

	(void)state;
	start_again(3);
	assert_int_equal(compare(), 3);
	assert_true(mbox_index_read(&index, &with, name));
	assert_int_equal(index.head.count, 3);
	assert_int_equal(index.head.size, size_of(box));
	assert_true(index.head.is_seen);
	mbox_index_done(&index);
}

static void test_growth_is_added(void **state)
{
	struct mbox_index index;

	(void)state;
	start_again(3);
	compare();
	append_message(7, "more");
	let_it_grow_old();
	assert_int_equal(compare(), 4);
	assert_true(mbox_index_read(&index, &with, name));
	assert_int_equal(index.head.count, 4);
	assert_false(index.head.is_seen); /* so it was not scanned from its begin */
	mbox_index_done(&index);
}

static void test_removal_keeps_it(void **state)
{
	static const unsigned char first[] = {1};
	struct mbox_index index;
	struct spool *spool;
	int64_t before;

	(void)state;
	start_again(5);
	spool = open_box(&with);
	assert_int_equal(spool_update(spool, first, NULL), 0);
	spool_close(&spool);
	before = index_mtime();
	assert_true(mbox_index_read(&index, &with, name));
	assert_int_equal(index.head.count, 4);
	mbox_index_done(&index);
	assert_int_equal(compare(), 4);
	assert_true(index_mtime() == before); /* it was good as it was */
}

/* What was there at open is shown, though nobody looked at it before the mailbox was changed. */
static void test_shown_late(void **state)
{
	struct spool_message early[3];
	struct spool *spool;

	(void)state;
	start_again(3);
	assert_int_equal(compare(), 3);
	spool = open_box(&without);
	for (size_t n = 0; n < 3; n++)
		early[n] = *spool_message(spool, n);
	spool_close(&spool);
	spool = open_box(&with);
	assert_int_equal(truncate(box, 0), 0);
	append_message(9, "other");
	assert_int_equal(spool_count(spool), 3);
	for (size_t n = 0; n < 3; n++) {
		assert_int_equal(spool_message(spool, n)->octets, early[n].octets);
		assert_string_equal(spool_message(spool, n)->uidl, early[n].uidl);
	}
	spool_close(&spool);
}

static void append_large(unsigned id)
{
	char more[400];

	memset(more, 'x', sizeof(more) - 1);
	more[sizeof(more) - 1] = '\0';
	append_message(id, more);
	for (unsigned line = 0; line < 8; line++) {
		append_octets(more);
		append_octets("\n\n");
	}
}

/* A border in the middle is gone, and the mailbox has grown: the index is believed as far as can be
 * seen, and each message that is fetched is looked at, the next ones, too. */
static void test_run_looks_first(void **state)
{
	struct spool_extent extents[8];
	struct spool *spool;
	uint64_t border;
	size_t count;

	(void)state;
	start_again(0);
	for (unsigned id = 0; id < 6; id++)
		append_large(id);
	let_it_grow_old();
	assert_int_equal(compare(), 6);
	spool = open_box(&with);
	assert_int_equal(spool_fetch_run(spool, 0, extents, 8, &count, NULL), 0);
	close(extents[0].fd);
	assert_int_equal(count, 6);
	spool_close(&spool);
	border = extents[2].offset + extents[2].length + 1;
	write_octets(box, border, "x", 1);
	append_message(6, "new");
	let_it_grow_old();
	spool = open_box(&with);
	assert_int_equal(spool_count(spool), 7); /* so it was believed */
	assert_int_equal(spool_fetch_run(spool, 0, extents, 8, &count, NULL), 0);
	close(extents[0].fd);
	assert_int_equal(count, 2);
	assert_int_equal(spool_fetch_run(spool, 3, extents, 8, &count, NULL), -ESTALE);
	assert_int_equal(spool_fetch_run(spool, 2, extents, 8, &count, NULL), 0);
	close(extents[0].fd);
	assert_int_equal(count, 1); /* the next one is the one that is gone */
	assert_int_equal(spool_fetch_run(spool, 4, extents, 8, &count, NULL), 0);
	close(extents[0].fd);
	assert_int_equal(count, 3);
	spool_close(&spool);
}

/* Of a file that was written to just now nothing is told ahead. */
static void test_run_of_the_young(void **state)
{
	struct spool_extent extents[4];
	struct spool *spool;
	struct stat st;
	size_t count;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		start_again(0);
		for (unsigned n = 0; n < 3; n++)
			append_message(n, "hello");
		spool = open_box(&with);
		assert_int_equal(spool_fetch_run(spool, 0, extents, 4, &count, NULL), 0);
		assert_int_equal(fstat(extents[0].fd, &st), 0);
		close(extents[0].fd);
		spool_close(&spool);
		if (stamp_is_young(&st)) /* still: so it was then */
			assert_int_equal(count, 1);
	}
}

/* Something that octets of the same number, in the same tick, could hide. */
static void test_same_size_and_tick(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		start_again(2);
		compare();
		append_message(8, "xx");
		compare();
		write_octets(box, 0, "From a@b Tue Nov 24 13:00:00 2026\nReceived: 5", 45);
		assert_int_equal(compare(), 3);
	}
}

static void test_of_another_kind(void **state)
{
	struct mbox_index index;

	(void)state;
	start_again(3);
	compare();
	with.uidl = SPOOL_UIDL_DOVECOT;
	assert_false(mbox_index_read(&index, &with, name));
	with.uidl = SPOOL_UIDL_HASH;
	assert_true(mbox_index_read(&index, &with, name));
	mbox_index_done(&index);
	chmod(index_file, 0620);
	assert_false(mbox_index_read(&index, &with, name));
	chmod(index_file, 0600);
	assert_int_equal(rename(index_file, "/var/tmp/pillarbox-index.elsewhere"), 0);
	assert_int_equal(symlink("/var/tmp/pillarbox-index.elsewhere", index_file), 0);
	assert_false(mbox_index_read(&index, &with, name));
	assert_int_equal(compare(), 3);
	unlink(index_file);
	unlink("/var/tmp/pillarbox-index.elsewhere");
	assert_int_equal(mkdir(index_file, 0700), 0);
	assert_int_equal(compare(), 3);
	rmdir(index_file);
	assert_int_equal(mkfifo(index_file, 0600), 0);
	assert_int_equal(compare(), 3);
	unlink(index_file);
}

/* Turn over each octet in turn, and cut it off everywhere. */
static void test_damaged(void **state)
{
	struct mbox_index index;
	char octets[1024];
	ssize_t len;
	int fd;

	(void)state;
	start_again(4);
	compare();
	fd = open(index_file, O_RDONLY | O_CLOEXEC);
	len = fd_pread(fd, octets, sizeof(octets), 0);
	fd_close(&fd);
	assert_true(len > 200 && len < (ssize_t)sizeof(octets));
	for (ssize_t at = 0; at < len; at++) {
		char other = (char)(octets[at] ^ 0x10);

		write_octets(index_file, (uint64_t)at, &other, 1);
		assert_false(mbox_index_read(&index, &with, name));
		write_octets(index_file, (uint64_t)at, octets + at, 1);
		assert_int_equal(truncate(index_file, at), 0);
		assert_false(mbox_index_read(&index, &with, name));
		write_octets(index_file, 0, octets, (size_t)len);
	}
	assert_true(mbox_index_read(&index, &with, name));
	mbox_index_done(&index);
}

/* What others may do, and we. */
static void change(unsigned *seed, unsigned id)
{
	off_t size = size_of(box);
	unsigned char bitmap[64] = {0};
	struct spool *spool;

	switch (next_random(seed, 10)) {
	case 0:
	case 1:
		append_message(id, "foreign");
		break;
	case 2:
		append_octets("\n");
		break;
	case 3:
		append_octets("From nobody, without an empty line\n");
		break;
	case 4:
		append_octets("text without an end");
		break;
	case 5:
		if (size > 100)
			write_octets(
				box, next_random(seed, (unsigned)size - 100) + 50, "x\n\nFrom ", 8);
		break;
	case 6:
		if (size > 600 && truncate(box, size - (off_t)next_random(seed, 500)) < 0)
			fail();
		break;
	case 7:
		spool = open_box(&with);
		for (size_t n = 0; n < spool_count(spool) && n < 500; n++)
			bitmap[n / 8] |= (unsigned char)((next_random(seed, 4) == 0) << n % 8);
		assert_int_equal(spool_update(spool, bitmap, NULL), 0);
		spool_close(&spool);
		break;
	default:
		deliver(id);
	}
}

static void test_whatever_happens(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 8; seed++) {
		unsigned random = seed;

		start_again(20);
		for (unsigned round = 0; round < 60; round++) {
			change(&random, round);
			if (next_random(&random, 2))
				let_it_grow_old();
			if (next_random(&random, 3))
				compare();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_there_and_believed),
		cmocka_unit_test(test_growth_is_added),
		cmocka_unit_test(test_removal_keeps_it),
		cmocka_unit_test(test_shown_late),
		cmocka_unit_test(test_run_looks_first),
		cmocka_unit_test(test_run_of_the_young),
		cmocka_unit_test(test_same_size_and_tick),
		cmocka_unit_test(test_of_another_kind),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_whatever_happens),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

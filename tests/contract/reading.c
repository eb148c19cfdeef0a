/* reading - of the contract: lists, unique-ids, extents. */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_no_mailbox(void **state)
{
	struct spool *spool;
	struct stat st;

	(void)state;
	spool = must_open();
	assert_int_equal(spool_count(spool), 0);
	assert_int_equal(spool_update(spool, (const unsigned char *)"", &why), 0);
	spool_close(&spool);
	assert_null(spool);
	spool_close(&spool);
	assert_int_equal(lstat(path, &st), -1); /* to look does not make one */
}

static void test_empty_again(void **state)
{
	struct spool *spool;

	(void)state;
	deliver_numbered(1, 3);
	spool = must_open();
	assert_int_equal(try_remove(spool, (int[]){0, 1, 2, -1}), 0);
	spool_close(&spool);
	assert_int_equal(count_now(), 0);
	deliver_numbered(4, 1);
	assert_numbers((unsigned[]){4}, 1);
}

static int compare_uidls(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* RFC 1939 section 7: one to 70 characters, 0x21 to 0x7E, unique within a maildrop. */
static void assert_uidls(const struct spool *spool)
{
	size_t count = spool_count(spool);
	const char **list = calloc(count + 1, sizeof(*list));

	assert_non_null(list);
	for (size_t n = 0; n < count; n++) {
		list[n] = spool_message(spool, n)->uidl;
		assert_in_range(strlen(list[n]), 1, 70);
		for (const char *at = list[n]; *at; at++)
			assert_in_range((unsigned char)*at, 0x21, 0x7e);
	}
	qsort(list, count, sizeof(*list), compare_uidls);
	for (size_t n = 1; n < count; n++)
		assert_string_not_equal(list[n - 1], list[n]);
	free(list);
}

static void test_uidls_are_unique(void **state)
{
	struct spool *spool;

	(void)state;
	for (int i = 0; i < 5; i++)
		deliver(TEXT("Message-ID: <1@x>\n\nthe very same\n"));
	deliver(TEXT(""));
	deliver(TEXT(""));
	deliver_numbered(0, 20);
	spool = must_open();
	assert_int_equal(spool_count(spool), 27);
	assert_uidls(spool);
	spool_close(&spool);
}

/* The unique-id of the message that numbered(number) has made. */
static void uidl_of(unsigned number, char out[SPOOL_UIDL_SIZE])
{
	struct spool *spool = must_open();
	size_t n = 0;

	while (n < spool_count(spool) && number_of(spool, n) != number)
		n++;
	assert_true(n < spool_count(spool));
	snprintf(out, SPOOL_UIDL_SIZE, "%s", spool_message(spool, n)->uidl);
	spool_close(&spool);
}

static void test_uidls_stay(void **state)
{
	char first[3][SPOOL_UIDL_SIZE];
	char again[SPOOL_UIDL_SIZE];
	struct spool *spool;

	(void)state;
	deliver_numbered(0, 6);
	for (unsigned i = 0; i < 3; i++)
		uidl_of(2 * i + 1, first[i]);
	uidl_of(1, again); /* once more */
	assert_string_equal(again, first[0]);
	deliver_numbered(6, 2);
	uidl_of(5, again); /* and others came */
	assert_string_equal(again, first[2]);
	spool = must_open();
	assert_int_equal(try_remove(spool, (int[]){0, 2, 4, 6, -1}), 0);
	spool_close(&spool);
	for (unsigned i = 0; i < 3; i++) { /* and others went */
		uidl_of(2 * i + 1, again);
		assert_string_equal(again, first[i]);
	}
}

static void test_numbers_stay_while_open(void **state)
{
	struct spool *spool;
	char uidl[SPOOL_UIDL_SIZE];

	(void)state;
	deliver_numbered(0, 3);
	spool = must_open();
	snprintf(uidl, sizeof(uidl), "%s", spool_message(spool, 1)->uidl);
	deliver_numbered(3, 2);
	assert_int_equal(spool_count(spool), 3);
	assert_int_equal(number_of(spool, 1), 1);
	assert_int_equal(try_remove(spool, (int[]){0, -1}), 0);
	assert_int_equal(spool_count(spool), 3);
	assert_string_equal(spool_message(spool, 1)->uidl, uidl);
	assert_int_equal(number_of(spool, 1), 1);
	assert_int_equal(number_of(spool, 2), 2);
	spool_close(&spool);
	assert_numbers((unsigned[]){1, 2, 3, 4}, 4);
}

static void test_extent(void **state)
{
	struct text message = as_delivered(numbered(1));
	struct spool_extent extent;
	struct spool *spool;
	struct text got;
	struct stat st;

	(void)state;
	deliver_numbered(0, 3);
	spool = must_open();
	assert_int_equal(spool_fetch(spool, 1, &extent, &why), 0);
	assert_int_equal(fcntl(extent.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(extent.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(extent.octets, wire_octets(message));
	assert_int_equal(fstat(extent.fd, &st), 0);
	assert_int_equal(extent.stamp.inode, st.st_ino);
	assert_int_equal(extent.stamp.size, st.st_size);
	assert_int_equal(extent.stamp.mtime_ns,
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	got = text_new(extent.length); /* there is nothing in it that would be quoted */
	assert_int_equal(pread(extent.fd, got.at, got.len, (off_t)extent.offset), (ssize_t)got.len);
	assert_text(got, message);
	close(extent.fd);
	assert_int_equal(spool_fetch(spool, 3, &extent, &why), -EINVAL);
	assert_int_equal(why.class, WHY_PERM);
	spool_close(&spool);
}

/* Also the next ones: each lies where it is said to, and all of them in the file of the first. */
static void test_run(void **state)
{
	struct spool_extent extents[5];
	struct spool *spool;
	size_t count = 0;

	(void)state;
	deliver_numbered(0, 4);
	spool = must_open();
	for (size_t max = 1; max <= 5; max++) {
		assert_int_equal(spool_fetch_run(spool, 1, extents, max, &count, &why), 0);
		assert_in_range(count, 1, max < 3 ? max : 3);
		for (size_t n = 0; n < count; n++) {
			struct text message = as_delivered(numbered(1 + (unsigned)n));
			struct text got = text_new(extents[n].length);

			assert_int_equal(extents[n].fd, extents[0].fd);
			assert_int_equal(extents[n].octets, wire_octets(message));
			assert_memory_equal(
				&extents[n].stamp, &extents[0].stamp, sizeof(extents[n].stamp));
			assert_int_equal(
				pread(extents[n].fd, got.at, got.len, (off_t)extents[n].offset),
				(ssize_t)got.len);
			assert_text(got, message);
		}
		close(extents[0].fd);
	}
	assert_int_equal(spool_fetch_run(spool, 4, extents, 5, &count, &why), -EINVAL);
	spool_close(&spool);
}

/* How much mail there is, whether it is asked before or after somebody looked at the messages. */
static void test_octets(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 3; count++) {
		struct spool *spool = must_open();
		uint64_t octets = spool_octets(spool);
		uint64_t sum = 0;

		for (unsigned n = 0; n < count; n++) {
			sum += spool_message(spool, n)->octets;
			assert_int_equal(spool_message(spool, n)->octets,
				wire_octets(as_delivered(numbered(n))));
		}
		assert_int_equal(octets, sum);
		deliver_numbered(count, 1);
		assert_int_equal(spool_octets(spool), sum);
		spool_close(&spool);
	}
}

static int stop(void *context, const char *octets, size_t len)
{
	unsigned *calls = context;

	(void)octets;
	assert_in_range(len, 1, 16384);
	return ++*calls == 3 ? -ECANCELED : 0;
}

static void test_taker_stops(void **state)
{
	struct text large = text_new(1000000);
	struct spool *spool;
	unsigned calls = 0;

	(void)state;
	memset(large.at, 'x', large.len);
	deliver(large);
	spool = must_open();
	assert_int_equal(spool_read(spool, 0, stop, &calls, &why), -ECANCELED);
	assert_int_equal(calls, 3);
	assert_true(why.text[0]);
	assert_int_equal(must_read(spool, 0).len, as_delivered(large).len);
	spool_close(&spool);
}

/* In memory where there is some: what takes the time else is 10,000 times fsync. */
static void move_to_memory(void)
{
	static char location[400];
	const char *store = place.location;
	char name[] = "/dev/shm/pillarbox-contract.XXXXXX";

	if (!mkdtemp(name))
		return;
	assert_int_equal(symlink(name, text_of("%s/memory", folder).at), 0);
	snprintf(location, sizeof(location), "%.*s:%s/mailbox", (int)strcspn(store, ":"), store,
		name);
	place.location = location;
}

static void leave_memory(void)
{
	struct text command = text_of("rm -rf \"$(readlink %s/memory)\"", folder);

	if (access(text_of("%s/memory", folder).at, F_OK) == 0)
		assert_int_equal(system(command.at), 0);
}

static void test_ten_thousand(void **state)
{
	struct spool *spool;
	uint64_t octets = 0;

	(void)state;
	move_to_memory();
	deliver_numbered(0, 10000);
	spool = must_open();
	assert_int_equal(spool_count(spool), 10000);
	assert_uidls(spool);
	for (unsigned n = 0; n < 10000; n++) {
		octets += spool_message(spool, n)->octets;
		octets -= wire_octets(as_delivered(numbered(n)));
	}
	assert_int_equal(octets, 0);
	for (unsigned n = 0; n < 10000; n += 999)
		assert_int_equal(number_of(spool, n), n);
	assert_int_equal(try_remove(spool, (int[]){0, 5000, 9999, -1}), 0);
	spool_close(&spool);
	assert_int_equal(count_now(), 9997);
	leave_memory();
}

const struct contract_test tests_reading[] = {
	{"no mailbox is an empty one", test_no_mailbox},
	{"empty again", test_empty_again},
	{"unique-ids are unique and printable", test_uidls_are_unique},
	{"unique-ids stay", test_uidls_stay},
	{"numbers stay while it is open", test_numbers_stay_while_open},
	{"an extent is the message", test_extent},
	{"a run of extents are the messages", test_run},
	{"all octets together", test_octets},
	{"the taker stops", test_taker_stops},
	{"ten thousand messages", test_ten_thousand},
	{NULL, NULL},
};

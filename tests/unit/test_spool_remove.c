/*
 * Unit tests of lib/spool/mbox_remove: whatever is removed, and in which way, what is kept is there
 * octet by octet, and the table that comes with it is what a scan finds.
 */
#include "unit.h"

#include "base/fd.h"
#include "spool/cut.h"
#include "spool/disk.h"
#include "spool/mbox.h"
#include "spool/mbox_remove.h"
#include "spool/mbox_scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES 40

static char root[] = "/var/tmp/pillarbox-remove.XXXXXX";
static char box[64];
static char state_folder[64];
static struct spool_place place;
static struct mbox mbox;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(box, sizeof(box), "%s/box", root);
	snprintf(state_folder, sizeof(state_folder), "%s/state", root);
	place = (struct spool_place){.state = state_folder, .owner = geteuid()};
	return mkdir(state_folder, 0700);
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

/* A small generator of its own, so that a failure can be seen again. */
static unsigned next_random(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % limit;
}

/* A mailbox of messages with up to `most` octets of text. */
static void write_box(unsigned *seed, unsigned most)
{
	FILE *file = fopen(box, "w");

	assert_non_null(file);
	for (unsigned n = 0; n < MESSAGES; n++) {
		fprintf(file,
			"From a@b Tue Nov 24 13:00:00 2026\nReceived: %u\nMessage-ID: <%u@x>\n\n",
			n, n % 30);
		for (unsigned left = next_random(seed, most); left > 0; left--)
			fputc(left % 70 ? 'a' + (int)next_random(seed, 26) : '\n', file);
		fputs("\n\n", file);
	}
	assert_int_equal(fclose(file), 0);
}

static void lock_box(void)
{
	struct why why = {0};

	if (mbox_lock(&mbox, &place, box, false, &why))
		fail_msg("%s", why.text);
}

static void scan(struct mbox_table *table)
{
	mbox_table_init(table);
	assert_int_equal(mbox_scan(mbox.fd, (uint64_t)mbox.st.st_size, box, table, NULL), 0);
}

static char *read_message(const struct mbox_message *message)
{
	char *text = malloc(message->length + 1);

	assert_non_null(text);
	assert_int_equal(fd_pread(mbox.fd, text, message->length, message->offset),
		(ssize_t)message->length);
	text[message->length] = '\0';
	return text;
}

static bool is_marked(const unsigned char *bitmap, size_t n)
{
	return bitmap[n / 8] & 1u << n % 8;
}

/* The kept messages of `before`, whose texts are these, are now those of the mailbox and of `left`.
 */
static void compare(const struct mbox_table *before, char **texts, const unsigned char *bitmap,
	struct mbox_table *left)
{
	struct mbox_table now;
	size_t n = 0;

	assert_int_equal(fstat(mbox.fd, &mbox.st), 0);
	scan(&now);
	assert_int_equal(left->size, now.size);
	assert_int_equal(left->len, now.len);
	assert_int_equal(mbox_table_number_uidls(left), 0);
	for (size_t old = 0; old < before->len; old++) {
		char *text;

		if (is_marked(bitmap, old))
			continue;
		assert_true(n < now.len);
		text = read_message(&now.at[n]);
		assert_string_equal(text, texts[old]);
		free(text);
		assert_int_equal(left->at[n].from, now.at[n].from);
		assert_int_equal(left->at[n].offset, now.at[n].offset);
		assert_int_equal(left->at[n].length, now.at[n].length);
		assert_int_equal(left->at[n].seen.octets, now.at[n].seen.octets);
		assert_string_equal(left->at[n].seen.uidl, now.at[n].seen.uidl);
		n++;
	}
	assert_int_equal(n, now.len);
	mbox_table_done(&now);
}

static void remove_and_compare(const unsigned char *bitmap)
{
	struct mbox_table before, left;
	struct why why = {0};
	char **texts;

	lock_box();
	scan(&before);
	texts = calloc(before.len + 1, sizeof(*texts));
	assert_non_null(texts);
	for (size_t n = 0; n < before.len; n++)
		texts[n] = read_message(&before.at[n]);
	mbox_table_init(&left);
	if (mbox_remove(&mbox, &before, bitmap, &left, &why))
		fail_msg("%s", why.text);
	compare(&before, texts, bitmap, &left);
	for (size_t n = 0; n < before.len; n++)
		free(texts[n]);
	free(texts);
	mbox_table_done(&left);
	mbox_table_done(&before);
	mbox_close(&mbox);
	assert_int_equal(access(state_folder, F_OK), 0);
}

static size_t count(void)
{
	struct mbox_table table;
	size_t len;

	lock_box();
	scan(&table);
	len = table.len;
	mbox_table_done(&table);
	mbox_close(&mbox);
	return len;
}

/* Remove messages in rounds until none is left. */
static void remove_in_rounds(unsigned seed, unsigned most, unsigned share)
{
	size_t left;

	write_box(&seed, most);
	while ((left = count()) > 0) {
		unsigned char bitmap[MESSAGES / 8 + 1] = {0};

		for (size_t n = 0; n < left; n++) {
			if (next_random(&seed, 100) < share)
				bitmap[n / 8] |= (unsigned char)(1u << n % 8);
		}
		bitmap[0] |= left == 1;
		remove_and_compare(bitmap);
	}
}

static void test_small_ones_are_moved(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++)
		remove_in_rounds(seed, 3000, 30);
}

static void test_large_ones_are_cut(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++)
		remove_in_rounds(seed, 60000, 10);
}

static void test_of_all_sizes(void **state)
{
	(void)state;
	for (unsigned seed = 11; seed <= 15; seed++)
		remove_in_rounds(seed, 10000 * (seed - 10), 5);
}

/* One by one from the front: padding does not grow without end. */
static void test_the_first_again_and_again(void **state)
{
	unsigned seed = 3;

	(void)state;
	write_box(&seed, 60000);
	while (count() > 0)
		remove_and_compare((const unsigned char *)"\1\0\0\0\0\0");
}

/* Those in front of one that stays: each time its old padding is part of the hole. */
static void test_in_front_of_one(void **state)
{
	static const unsigned char fifth[] = {1u << 4, 0, 0, 0, 0, 0};
	unsigned seed = 4;
	struct mbox_table table;

	(void)state;
	write_box(&seed, 60000);
	for (unsigned n = 0; n < 20; n++)
		remove_and_compare(fifth);
	lock_box();
	scan(&table);
	for (size_t n = 0; n < table.len; n++)
		assert_true(table.at[n].offset - table.at[n].from < 3 * 4096);
	mbox_table_done(&table);
	mbox_close(&mbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_ones_are_moved),
		cmocka_unit_test(test_large_ones_are_cut),
		cmocka_unit_test(test_of_all_sizes),
		cmocka_unit_test(test_the_first_again_and_again),
		cmocka_unit_test(test_in_front_of_one),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

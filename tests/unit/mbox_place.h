/* mbox_place - a folder with an mbox that is yet to come, its state folder, and what tests do with
 * them. */
#ifndef TESTS_MBOX_PLACE_H
#define TESTS_MBOX_PLACE_H

#include "base/fd.h"
#include "mail/mboxrd.h"
#include "spool/spool.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOX_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define F   "From me@example.org Tue Nov 24 13:00:00 2026\n"
#define A   F "Message-ID: <a>\n\none\n\n"
#define B   F "Message-ID: <b>\n\ntwo\n>From here\n\n"
#define C   F "Message-ID: <c>\n\nthree\n\n"
#define MAX 200000

static char root[64];
static char box[128];
static char state_folder[128];
static char location[160];
static struct spool_place place;

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/pillarbox-mbox.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(box, sizeof(box), "%s/box", root);
	snprintf(location, sizeof(location), "mbox:%s", box);
	snprintf(state_folder, sizeof(state_folder), "%s/state", root);
	place = (struct spool_place){
		.location = location, .state = state_folder, .owner = geteuid()};
	return mkdir(state_folder, 0700);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

__attribute__((unused)) static int message_file(const char *text, size_t len)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	assert_int_equal(fd_write(fd, text, len), 0);
	return fd;
}

__attribute__((unused)) static int deliver_octets(const char *text, size_t len, struct why *why)
{
	struct spool_envelope envelope = {.sender = "a@b", .recipient = "c@d", .when = 0};
	int fd = message_file(text, len);
	int err = spool_deliver(&place, &envelope, fd, why);

	close(fd);
	return err;
}

__attribute__((unused)) static int deliver(const char *text, struct why *why)
{
	return deliver_octets(text, strlen(text), why);
}

__attribute__((unused)) static void write_box(const char *text)
{
	int fd = open(box, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	close(fd);
}

__attribute__((unused)) static void replace_box(const char *text)
{
	char old[160];

	snprintf(old, sizeof(old), "%s.old", box);
	assert_int_equal(rename(box, old), 0);
	write_box(text);
	unlink(old);
}

__attribute__((unused)) static void assert_box(const char *want)
{
	static char text[MAX];
	int fd = open(box, O_RDONLY);
	ssize_t len = fd_pread(fd, text, sizeof(text) - 1, 0);

	close(fd);
	assert_true(len >= 0);
	text[len] = '\0';
	assert_string_equal(text, want);
}

__attribute__((unused)) static struct spool *open_box(size_t count)
{
	struct spool *spool;
	struct why why = {0};

	if (spool_open(&spool, &place, &why))
		fail_msg("%s", why.text);
	assert_int_equal(spool_count(spool), count);
	return spool;
}

__attribute__((unused)) static size_t read_message(
	struct spool *spool, size_t n, char *out, size_t max)
{
	struct spool_extent extent;
	struct mboxrd rd;
	size_t used, len, more;
	char *text;

	assert_int_equal(spool_fetch(spool, n, &extent, NULL), 0);
	assert_int_equal(extent.form, SPOOL_FORM_MBOXRD);
	assert_int_equal(fcntl(extent.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	text = malloc(extent.length + 1);
	assert_int_equal(fd_pread(extent.fd, text, extent.length, extent.offset), extent.length);
	close(extent.fd);
	mboxrd_init(&rd, MBOXRD_UNQUOTE);
	mboxrd_run(&rd, text, extent.length, &used, out, max, &len);
	assert_int_equal(used, extent.length);
	mboxrd_finish(&rd, out + len, 16, &more);
	free(text);
	return len + more;
}

__attribute__((unused)) static void assert_message(struct spool *spool, size_t n, const char *want)
{
	static char text[MAX];
	size_t len = read_message(spool, n, text, sizeof(text) - 17);

	text[len] = '\0';
	assert_string_equal(text, want);
}

#endif

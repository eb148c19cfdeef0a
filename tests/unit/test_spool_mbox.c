/* libspool on an mbox, through its public interface, while others do what they like with the file.
 */
#include "base/clock.h"
#include "mbox_place.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static void deliver_and_read(void **state)
{
	static const char random_part[] = "Subject: x\n\nFrom \n>From \n\0\r\r..\n\n\n";
	struct spool *spool;
	static char want[MAX], got[MAX];
	size_t len;

	(void)state;
	assert_int_equal(deliver_octets(random_part, sizeof(random_part) - 1, NULL), 0);
	assert_int_equal(deliver("Subject: y\r\n\r\nFrom me\r\nno end", NULL), 0);
	assert_int_equal(deliver("", NULL), 0);
	spool = open_box(3);
	len = (size_t)sprintf(want, "Return-Path: <a@b>\nDelivered-To: c@d\n");
	memcpy(want + len, random_part, sizeof(random_part) - 1);
	len += sizeof(random_part) - 1;
	assert_int_equal(read_message(spool, 0, got, sizeof(got) - 16), len);
	assert_memory_equal(got, want, len);
	assert_message(
		spool, 1, "Return-Path: <a@b>\nDelivered-To: c@d\nSubject: y\n\nFrom me\nno end\n");
	assert_message(spool, 2, "Return-Path: <a@b>\nDelivered-To: c@d\n");
	assert_int_equal(spool_message(spool, 2)->octets, 20 + 19);
	spool_close(&spool);
	assert_null(spool);
}

/* Larger than any buffer, with lines longer than any. */
static void large_message(void **state)
{
	const size_t size = 1500 * 1000;
	char *text = malloc(size + 100), *got = malloc(size + 1000);
	static const char front[] = "Return-Path: <a@b>\nDelivered-To: c@d\n";
	struct spool *spool;
	struct stat st;
	size_t len;

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = i < 500000 ? 'h' : "From \n>x\r"[i % 9];
	text[100] = ':';
	text[400000] = '\n';
	text[size - 1] = '\n';
	write_box(A);
	assert_int_equal(deliver_octets(text, size, NULL), 0);
	assert_int_equal(deliver("last\n", NULL), 0);
	spool = open_box(3);
	len = read_message(spool, 1, got, size + 900);
	assert_int_equal(len, strlen(front) + size);
	assert_memory_equal(got + strlen(front), text, size);
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x02", NULL), 0);
	spool_close(&spool);
	spool = open_box(2);
	assert_message(spool, 0, "Message-ID: <a>\n\none\n");
	spool_close(&spool);
	assert_int_equal(stat(box, &st), 0);
	assert_true(st.st_size < 1000);
	free(text);
	free(got);
}

/* Whatever a mailbox ends in, the next message begins behind an empty line, and the one before
 * stays. */
static void separation(void **state)
{
	static const struct {
		const char *end;
		const char *separator;
	} ends[] = {
		{"x", "\n\n"},
		{"x\n", "\n"},
		{"x\n\n", ""},
		{"x\r\n", "\n"},
		{"x\r\n\r\n", ""},
		{"x\n\r\n", ""},
		{"x\r", "\n\n"},
		{"\n", ""},
		{"", "\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct spool *spool;
		char want[500];

		snprintf(want, sizeof(want), F "%s", ends[i].end);
		write_box(want);
		assert_int_equal(deliver("A: b\n\nx\n", NULL), 0);
		snprintf(want, sizeof(want),
			F "%s%sFrom a@b Thu Jan  1 00:00:00 1970\nReturn-Path: <a@b>\n"
			  "Delivered-To: c@d\nA: b\n\nx\n\n",
			ends[i].end, ends[i].separator);
		assert_box(want);
		spool = open_box(2);
		spool_close(&spool);
	}
	write_box("\n");
	assert_int_equal(deliver("A: b\n", NULL), 0);
	assert_box("\nFrom a@b Thu Jan  1 00:00:00 1970\nReturn-Path: <a@b>\nDelivered-To: c@d\nA: "
		   "b\n\n");
}

static void addresses_stay_in_their_lines(void **state)
{
	struct spool_envelope envelope = {
		.sender = "\"a b\n\nFrom x\"@c", .recipient = "d\r\nStatus: RO", .when = 0};
	int fd = message_file("A: b\n", 5);

	(void)state;
	assert_int_equal(spool_deliver(&place, &envelope, fd, NULL), 0);
	assert_box("From \"a-b--From-x\"@c Thu Jan  1 00:00:00 1970\nReturn-Path: <\"a b--From "
		   "x\"@c>\n"
		   "Delivered-To: d--Status: RO\nA: b\n\n");
	envelope = (struct spool_envelope){.sender = ""};
	write_box("");
	assert_int_equal(spool_deliver(&place, &envelope, fd, NULL), 0);
	assert_box("From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nReturn-Path: <>\nA: b\n\n");
	close(fd);
}

static void missing_is_empty(void **state)
{
	struct spool *spool = open_box(0);
	struct spool_extent extent;

	(void)state;
	assert_int_equal(spool_update(spool, (const unsigned char *)"", NULL), 0);
	assert_int_equal(spool_fetch(spool, 0, &extent, NULL), -EINVAL);
	assert_int_equal(access(box, F_OK), -1);
	assert_int_equal(deliver("A: b\n", NULL), 0); /* the session's lock is not the mailbox's */
	assert_int_equal(spool_count(spool), 0);
	spool_close(&spool);
	spool_close(&spool);
	spool = open_box(1);
	spool_close(&spool);
}

static void parents_are_made(void **state)
{
	struct stat st;

	(void)state;
	snprintf(location, sizeof(location), "mbox:%s/new/er/box", root);
	assert_int_equal(deliver("A: b\n", NULL), 0);
	assert_int_equal(stat(location + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	*strrchr(location, '/') = '\0';
	assert_int_equal(stat(location + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void remove_some(void **state)
{
	static const struct {
		unsigned char bits;
		const char *left;
	} examples[] = {
		{0, A B C},
		{1, B C},
		{2, A C},
		{4, A B},
		{3, C},
		{5, B},
		{6, A},
		{7, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct spool *spool;
		struct stat before, after;

		write_box(A B C);
		assert_int_equal(stat(box, &before), 0);
		spool = open_box(3);
		assert_int_equal(spool_update(spool, &examples[i].bits, NULL), 0);
		spool_close(&spool);
		assert_box(examples[i].left);
		assert_int_equal(stat(box, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
	}
}

static void update_twice(void **state)
{
	struct spool *spool;
	struct spool_extent extent;
	struct why why;

	(void)state;
	write_box(A B C);
	spool = open_box(3);
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x01", NULL), 0);
	assert_message(spool, 1, "Message-ID: <b>\n\ntwo\nFrom here\n");
	assert_int_equal(spool_fetch(spool, 0, &extent, &why), -ESTALE);
	assert_int_equal(why.class, WHY_TEMP);
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x05", NULL), 0);
	assert_message(spool, 1, "Message-ID: <b>\n\ntwo\nFrom here\n");
	assert_box(B);
	assert_int_equal(spool_count(spool), 3);
	spool_close(&spool);
}

/* Between two calls another program appends, marks, sorts, removes or replaces. */
static void foreign_changes(void **state)
{
	static const struct {
		const char *text;
		const char *left; /* after removing a and c */
		bool replace;
		bool has[3];
	} changes[] = {
		{A B C F "new\n\n", B F "new\n\n", false, {true, true, true}},
		{C F "new\n\n" B A, F "new\n\n" B, false, {true, true, true}},
		{C A, "", true, {true, false, true}},
		{B, B, true, {false, true, false}},
		{B C, B, false, {false, true, true}},
		{"", "", false, {false, false, false}},
		{F "Status: RO\nMessage-ID: <a>\nX-UID: 1\n\none\n\n" B, B, false,
			{true, true, false}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct spool *spool;
		struct spool_extent extent;

		write_box(A B C);
		spool = open_box(3);
		if (changes[i].replace)
			replace_box(changes[i].text);
		else
			write_box(changes[i].text);
		for (size_t n = 0; n < 3; n++) {
			int err = spool_fetch(spool, n, &extent, NULL);

			assert_int_equal(err, changes[i].has[n] ? 0 : -ESTALE);
			if (!err)
				close(extent.fd);
		}
		assert_int_equal(spool_count(spool), 3);
		if (changes[i].has[1])
			assert_message(spool, 1, "Message-ID: <b>\n\ntwo\nFrom here\n");
		assert_int_equal(spool_update(spool, (const unsigned char *)"\x05", NULL), 0);
		spool_close(&spool);
		assert_box(changes[i].left);
	}
}

/* The same without a fetch in between, so that update has to find out. */
static void foreign_change_before_update(void **state)
{
	struct spool *spool;
	struct why why;

	(void)state;
	write_box(A B C);
	spool = open_box(3);
	write_box(C B A F "new\n\n");
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x03", NULL), 0);
	assert_box(C F "new\n\n");
	unlink(box);
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x04", NULL), 0);
	write_box("Dear diary\n");
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x04", &why), -EBADMSG);
	assert_box("Dear diary\n");
	spool_close(&spool);
}

/* A rewrite of the same size whose mtime is set back, as some programs do. */
static void same_size_same_mtime(void **state)
{
	struct spool *spool;
	struct spool_extent extent;
	struct timespec times[2];
	struct stat st;

	(void)state;
	write_box(A B);
	spool = open_box(2);
	assert_int_equal(stat(box, &st), 0);
	/* At once: where the kernel's clock has not ticked ctime is the same, too. */
	write_box(A F "Message-ID: <B>\n\ntwo\n>From here\n\n");
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, box, times, 0), 0);
	assert_int_equal(spool_fetch(spool, 1, &extent, NULL), -ESTALE);
	spool_close(&spool);
}

/* What fetch tells of the message and the file is of now, not of when it was shown. */
static void extents_are_of_now(void **state)
{
	struct spool_extent extent;
	struct spool *spool;
	struct stat st;

	(void)state;
	write_box(A B);
	spool = open_box(2);
	assert_int_equal(spool_fetch(spool, 1, &extent, NULL), 0);
	assert_int_equal(extent.octets, spool_message(spool, 1)->octets);
	close(extent.fd);
	write_box(F "Status: RO\nMessage-ID: <b>\n\ntwo\n>From here\n\n" A);
	assert_int_equal(spool_fetch(spool, 1, &extent, NULL), 0);
	assert_int_equal(fstat(extent.fd, &st), 0);
	assert_int_equal(extent.octets, spool_message(spool, 1)->octets + 12);
	assert_int_equal(extent.stamp.inode, st.st_ino);
	assert_int_equal(extent.stamp.size, st.st_size);
	assert_int_equal(extent.stamp.mtime_ns,
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	assert_int_equal(extent.stamp.ctime_ns,
		(int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
	close(extent.fd);
	spool_close(&spool);
}

/* Messages that can't be told apart, and one of them is gone: nobody knows which. */
static void twins_are_not_confused(void **state)
{
#define TWIN(text) F "Received: by a\nMessage-ID: <t>\n\n" text "\n\n"
	struct spool_extent extent;
	struct spool *spool;

	(void)state;
	write_box(TWIN("one") A TWIN("two"));
	spool = open_box(3);
	write_box(A TWIN("two"));
	assert_int_equal(spool_fetch(spool, 0, &extent, NULL), -ESTALE);
	assert_int_equal(spool_fetch(spool, 2, &extent, NULL), -ESTALE);
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x01", NULL), 0);
	assert_box(A TWIN("two"));
	assert_message(spool, 1, "Message-ID: <a>\n\none\n");
	spool_close(&spool);
	write_box(TWIN("one") TWIN("two"));
	spool = open_box(2);
	write_box(A TWIN("one") TWIN("two") TWIN("three"));
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x01", NULL), 0);
	assert_box(A TWIN("two") TWIN("three"));
	spool_close(&spool);
}

/* Somebody goes on writing into the message while it is delivered, faster than anybody can read. */
static void message_that_grows(void **state)
{
	struct spool_envelope envelope = {.sender = "a@b", .recipient = "c@d", .when = 0};
	int fd = message_file("A: b\n\nx\n", 8);
	struct stat st = {0};
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (off_t size = 0; ftruncate(fd, size) == 0; size += 64 << 10)
			usleep(1);
		_exit(1);
	}
	while (fstat(fd, &st) == 0 && st.st_size < 1 << 20)
		usleep(100);
	alarm(20); /* what never ends, fails */
	assert_int_equal(spool_deliver(&place, &envelope, fd, NULL), 0);
	alarm(0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

static void delivery_during_session(void **state)
{
	struct spool *spool;

	(void)state;
	write_box(A B);
	spool = open_box(2);
	assert_int_equal(deliver("Message-ID: <n>\n\nnew\n", NULL), 0);
	assert_message(spool, 0, "Message-ID: <a>\n\none\n");
	assert_int_equal(deliver("Message-ID: <m>\n\nnewer\n", NULL), 0);
	assert_int_equal(spool_update(spool, (const unsigned char *)"\x03", NULL), 0);
	spool_close(&spool);
	spool = open_box(2);
	assert_message(
		spool, 1, "Return-Path: <a@b>\nDelivered-To: c@d\nMessage-ID: <m>\n\nnewer\n");
	spool_close(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(deliver_and_read),
		BOX_TEST(large_message),
		BOX_TEST(separation),
		BOX_TEST(addresses_stay_in_their_lines),
		BOX_TEST(missing_is_empty),
		BOX_TEST(parents_are_made),
		BOX_TEST(remove_some),
		BOX_TEST(update_twice),
		BOX_TEST(foreign_changes),
		BOX_TEST(foreign_change_before_update),
		BOX_TEST(same_size_same_mtime),
		BOX_TEST(extents_are_of_now),
		BOX_TEST(twins_are_not_confused),
		BOX_TEST(message_that_grows),
		BOX_TEST(delivery_during_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

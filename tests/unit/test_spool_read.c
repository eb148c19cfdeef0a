/* spool_read: the octets that were delivered, whole, or an error; while others change the mailbox.
 */
#include "mbox_place.h"

#include <errno.h>

#define FRONT  "Return-Path: <a@b>\nDelivered-To: c@d\n"
#define HEADER "Message-ID: <1@x>\nReceived: x\n\n"

/* What has been taken, and what happens in between. */
struct taken {
	char *octets;
	size_t len;
	size_t pieces;
	void (*then)(void); /* called once, behind the first piece */
	int result;
};

static int take(void *context, const char *octets, size_t len)
{
	struct taken *taken = context;

	assert_true(len > 0 && len <= 16384);
	taken->octets = realloc(taken->octets, taken->len + len);
	memcpy(taken->octets + taken->len, octets, len);
	taken->len += len;
	if (taken->pieces++ == 0 && taken->then)
		taken->then();
	return taken->result;
}

static void assert_taken(struct taken *taken, const char *text, size_t len)
{
	assert_int_equal(taken->len, strlen(FRONT) + len);
	assert_memory_equal(taken->octets, FRONT, strlen(FRONT));
	assert_memory_equal(taken->octets + strlen(FRONT), text, len);
	free(taken->octets);
}

/* A message of len octets in which quoted lines begin everywhere. */
static char *make_message(size_t len)
{
	static const char lines[] = "From x\n>From y\n>>>From \n>>From\nFrom";
	char *text = malloc(len);

	memcpy(text, HEADER, strlen(HEADER));
	for (size_t i = strlen(HEADER); i < len; i++)
		text[i] = lines[(i * 7 + i / 1000) % (sizeof(lines) - 1)];
	for (size_t i = 100; i + sizeof(lines) < len; i += 16384 / 64 + 1)
		memcpy(text + i, "\nFrom here\n>From there", 22);
	text[len - 1] = '\n';
	return text;
}

static void pieces(void **state)
{
	static const size_t sizes[] = {60, 16383, 16384, 16385, 16400, 100000, 700001};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char *text = make_message(sizes[i]);
		struct taken taken = {0};
		struct spool *spool;

		assert_int_equal(deliver_octets(text, sizes[i], NULL), 0);
		spool = open_box(i + 1);
		assert_int_equal(spool_read(spool, i, take, &taken, NULL), 0);
		assert_taken(&taken, text, sizes[i]);
		spool_close(&spool);
		free(text);
	}
}

static void no_such_message(void **state)
{
	struct spool *spool = open_box(0);
	struct why why = {0};

	(void)state;
	assert_int_equal(spool_read(spool, 0, take, NULL, &why), -EINVAL);
	spool_close(&spool);
	assert_int_equal(why.class, WHY_PERM);
}

static void taker_fails(void **state)
{
	struct taken taken = {.result = -ENOSPC};
	struct why why = {0};
	char *text = make_message(100000);
	struct spool *spool;

	(void)state;
	assert_int_equal(deliver_octets(text, 100000, NULL), 0);
	spool = open_box(1);
	assert_int_equal(spool_read(spool, 0, take, &taken, &why), -ENOSPC);
	spool_close(&spool);
	assert_int_equal(taken.pieces, 1);
	assert_string_equal(why.status, "4.3.1");
	assert_non_null(strstr(why.text, box));
	free(taken.octets);
	free(text);
}

/* Read the first of two messages of 100000 octets while `then` happens. */
static int read_while(void (*then)(void), struct taken *taken, struct why *why)
{
	char *text = make_message(100000);
	struct spool *spool;
	int err;

	taken->then = then;
	assert_int_equal(deliver_octets(text, 100000, NULL), 0);
	assert_int_equal(deliver(HEADER "second\n", NULL), 0);
	spool = open_box(2);
	err = spool_read(spool, 0, take, taken, why);
	spool_close(&spool);
	if (!err)
		assert_taken(taken, text, 100000);
	else
		free(taken->octets);
	free(text);
	return err;
}

static void deliver_one(void)
{
	assert_int_equal(deliver(HEADER "third\n", NULL), 0);
}

static void delivery_meanwhile(void **state)
{
	struct taken taken = {0};

	(void)state;
	assert_int_equal(read_while(deliver_one, &taken, NULL), 0);
}

static void cut(void)
{
	assert_int_equal(truncate(box, 50000), 0);
}

static void empty(void)
{
	assert_int_equal(truncate(box, 0), 0);
}

/* A reader that moves everything by a line. */
static void rewrite(void)
{
	char command[512];

	snprintf(command, sizeof(command), "sed -i 's/^Return-Path/Status: RO\\n&/' '%s'", box);
	assert_int_equal(system(command), 0);
}

/* The same, but the file stays the same file. */
static void rewrite_in_place(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		"sed 's/^Return-Path/Status: RO\\n&/' '%s' >'%s/new' && cat '%s/new' >'%s'", box,
		root, root, box);
	assert_int_equal(system(command), 0);
}

static void changed_meanwhile(void **state)
{
	static void (*const changes[])(void) = {cut, empty, rewrite, rewrite_in_place};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct taken taken = {0};
		struct why why = {0};

		assert_int_equal(read_while(changes[i], &taken, &why), -ESTALE);
		assert_int_equal(why.class, WHY_TEMP);
		assert_non_null(strstr(why.text, box));
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(pieces),
		BOX_TEST(no_such_message),
		BOX_TEST(taker_fails),
		BOX_TEST(delivery_meanwhile),
		BOX_TEST(changed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

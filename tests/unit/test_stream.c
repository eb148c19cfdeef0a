/* Lines and what is wrong with them, split at every octet; deadlines; replies in one piece. */
#include "base/clock.h"
#include "io/stream.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	int ours;
	int theirs;
	struct stream stream;
};

static void begin(struct fixture *fixture, bool strict)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fixture->ours = pair[0];
	fixture->theirs = pair[1];
	assert_int_equal(
		stream_init(&fixture->stream, pair[0], pair[0], strict, clock_ms() + 60000), 0);
}

static void end(struct fixture *fixture)
{
	stream_done(&fixture->stream);
	close(fixture->ours);
	close(fixture->theirs);
}

static void feed(struct fixture *fixture, const char *text, size_t len)
{
	assert_int_equal(write(fixture->theirs, text, len), len);
}

static enum stream_event next(struct fixture *fixture, const char **line, size_t *len)
{
	return stream_line(&fixture->stream, STREAM_LINE_MAX, clock_ms() + 20, line, len);
}

static const struct {
	const char *text;
	size_t len;
	enum stream_event strict;
	enum stream_event lenient;
	const char *line;
} lines[] = {
	{"NOOP\r\n", 6, STREAM_LINE, STREAM_LINE, "NOOP"},
	{"\r\n", 2, STREAM_LINE, STREAM_LINE, ""},
	{"NOOP\n", 5, STREAM_BAD_LF, STREAM_LINE, "NOOP"},
	{"\n", 1, STREAM_BAD_LF, STREAM_LINE, ""},
	{"NO\rOP\r\n", 7, STREAM_BAD_CR, STREAM_BAD_CR, NULL},
	{"NOOP\r\r\n", 7, STREAM_BAD_CR, STREAM_BAD_CR, NULL},
	{"NO\0OP\r\n", 7, STREAM_BAD_NUL, STREAM_BAD_NUL, NULL},
	{"\xff\r\n", 3, STREAM_LINE, STREAM_LINE, "\xff"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		for (int strict = 0; strict <= 1; strict++) {
			struct fixture fixture;
			const char *line;
			size_t len;
			enum stream_event want = strict ? lines[i].strict : lines[i].lenient;

			begin(&fixture, strict);
			for (size_t at = 0; at + 1 < lines[i].len; at++) { /* octet by octet */
				feed(&fixture, lines[i].text + at, 1);
				assert_int_equal(next(&fixture, &line, &len), STREAM_TIMEOUT);
			}
			feed(&fixture, lines[i].text + lines[i].len - 1, 1);
			assert_int_equal(next(&fixture, &line, &len), want);
			if (want == STREAM_LINE) {
				assert_int_equal(len, strlen(lines[i].line));
				assert_memory_equal(line, lines[i].line, len);
			}
			end(&fixture);
		}
	}
}

static void test_line_limit(void **state)
{
	struct fixture fixture;
	char text[STREAM_LINE_MAX + 16];
	const char *line;
	size_t len;

	(void)state;
	memset(text, 'a', sizeof(text));
	begin(&fixture, true);
	feed(&fixture, text, STREAM_LINE_MAX - 2);
	feed(&fixture, "\r\n", 2);
	assert_int_equal(next(&fixture, &line, &len), STREAM_LINE);
	assert_int_equal(len, STREAM_LINE_MAX - 2);
	feed(&fixture, text, STREAM_LINE_MAX - 1);
	feed(&fixture, "\r\nNEXT\r\n", 8);
	assert_int_equal(next(&fixture, &line, &len), STREAM_TOO_LONG);
	assert_int_equal(next(&fixture, &line, &len), STREAM_LINE);
	assert_memory_equal(line, "NEXT", 4);
	end(&fixture);
}

static void test_endless_line(void **state)
{
	struct fixture fixture;
	char *text = calloc(1, STREAM_SKIP_MAX / 16);
	const char *line;
	size_t len;
	enum stream_event event = STREAM_TIMEOUT;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', STREAM_SKIP_MAX / 16);
	begin(&fixture, true);
	if (fork() == 0) {
		close(fixture.ours);
		for (int i = 0; i < 64; i++) {
			if (write(fixture.theirs, text, STREAM_SKIP_MAX / 16) < 0)
				break;
		}
		_exit(0);
	}
	event = stream_line(&fixture.stream, STREAM_LINE_MAX, clock_ms() + 20000, &line, &len);
	assert_int_equal(event, STREAM_ENDLESS);
	free(text);
	end(&fixture);
}

static void test_eof(void **state)
{
	struct fixture fixture;
	const char *line;
	size_t len;

	(void)state;
	begin(&fixture, false);
	feed(&fixture, "A\nB", 3);
	shutdown(fixture.theirs, SHUT_WR);
	assert_int_equal(next(&fixture, &line, &len), STREAM_LINE);
	assert_int_equal(next(&fixture, &line, &len), STREAM_EOF); /* B never became a line */
	end(&fixture);
}

static void test_output_is_one_piece(void **state)
{
	struct fixture fixture;
	char got[256], *at;
	size_t room;

	(void)state;
	begin(&fixture, true);
	stream_putf(&fixture.stream, "%d %s\r\n", 250, "one");
	stream_put(&fixture.stream, "250 two", 7);
	at = stream_room(&fixture.stream, STREAM_OUTPUT_SIZE, &room);
	assert_true(at && room >= STREAM_OUTPUT_SIZE);
	memcpy(at, "\r\n", 2);
	stream_added(&fixture.stream, 2);
	assert_int_equal(recv(fixture.theirs, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(stream_flush(&fixture.stream, clock_ms() + 1000), 0);
	assert_int_equal(recv(fixture.theirs, got, sizeof(got), 0), 18);
	end(&fixture);
}

static void test_peer_that_does_not_read(void **state)
{
	static char block[STREAM_OUTPUT_SIZE];
	struct fixture fixture;
	int64_t begun = clock_ms();
	size_t room;

	(void)state;
	begin(&fixture, true);
	fixture.stream.write_deadline = begun + 100;
	for (int i = 0; i < 64; i++)
		stream_put(&fixture.stream, block, sizeof(block));
	assert_true(stream_flush(&fixture.stream, clock_ms() + 100) < 0);
	assert_true(fixture.stream.output.cap <= 2 * STREAM_OUTPUT_SIZE);
	assert_null(stream_room(&fixture.stream, 1, &room));
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_eof),
		cmocka_unit_test(test_output_is_one_piece),
		cmocka_unit_test(test_peer_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A stream with TLS under it: lines, much data both ways, peers that are slow or deaf, new keys.
 */
#include "tls_place.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUCH ((size_t)3 << 20)

static void talk_lines(struct tls_peer *peer)
{
	char line[64];

	/* Three records, one of them with two lines; an unfinished one comes last. */
	tls_peer_send(peer, "ONE");
	tls_peer_send(peer, "\r\nTWO\r\nTHREE\r\n");
	tls_peer_read_line(peer, line, sizeof(line));
	peer->result = strcmp(line, "200 \r\n");
	tls_peer_send(peer, "FOUR\r\nFIVE");
	peer->result |= !tls_peer_is_closed(peer);
}

static void test_lines(void **state)
{
	static const char *const lines[] = {"ONE", "TWO", "THREE", "FOUR"};

	(void)state;
	for (int round = 0; round < 4; round++) {
		struct tls_peer peer = {
			.priorities = round % 2 ? ONLY_1_2 : ONLY_1_3, .talk = talk_lines};
		struct stream stream;
		struct tls *tls = accept_peer(&peer, &stream, round < 2);
		const char *line;
		size_t len;

		for (size_t i = 0; i < COUNT(lines); i++) {
			assert_int_equal(next(&stream, &line, &len), STREAM_LINE);
			assert_int_equal(len, strlen(lines[i]));
			assert_memory_equal(line, lines[i], len);
			if (i == 2) {
				stream_putf(&stream, "200 \r\n");
				assert_int_equal(stream_flush(&stream, clock_ms() + 5000), 0);
			}
		}
		assert_int_equal(
			stream_line(&stream, STREAM_LINE_MAX, clock_ms() + 50, &line, &len),
			STREAM_TIMEOUT);
		finish(&peer, &stream, tls);
		assert_int_equal(peer.result, 0);
	}
}

static unsigned char octet_at(size_t i)
{
	return (unsigned char)(i * 2654435761U >> 13);
}

/* Send MUCH, then read MUCH, slowly and in odd pieces. */
static void talk_much(struct tls_peer *peer)
{
	unsigned char data[7919];
	size_t done = 0;

	while (done < MUCH) {
		size_t part = MUCH - done < sizeof(data) ? MUCH - done : sizeof(data);
		ssize_t n;

		for (size_t i = 0; i < part; i++)
			data[i] = octet_at(done + i);
		n = gnutls_record_send(peer->session, data, part);
		if (n <= 0)
			return;
		done += (size_t)n;
	}
	for (done = 0; done < MUCH;) {
		ssize_t n = gnutls_record_recv(peer->session, data, sizeof(data));

		if (n == GNUTLS_E_AGAIN)
			continue;
		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n; i++) {
			if (data[i] != octet_at(done + (size_t)i))
				return;
		}
		done += (size_t)n;
		if (done % 16 == 0)
			usleep(2000);
	}
	peer->result = tls_peer_is_closed(peer);
}

static void receive_much(struct stream *stream)
{
	size_t done = 0;

	while (done < MUCH) {
		const char *at;
		size_t len;

		assert_int_equal(stream_peek(stream, clock_ms() + 10000, &at, &len), STREAM_LINE);
		for (size_t i = 0; i < len; i++) {
			if ((unsigned char)at[i] != octet_at(done + i))
				fail_msg("octet %zu is wrong", done + i);
		}
		stream_consume(stream, len);
		done += len;
	}
}

static void send_much(struct stream *stream)
{
	char data[4096];

	for (size_t done = 0; done < MUCH; done += sizeof(data)) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (char)octet_at(done + i);
		stream_put(stream, data, sizeof(data));
	}
	assert_int_equal(stream_flush(stream, clock_ms() + 20000), 0);
}

static void test_much(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		struct tls_peer peer = {
			.priorities = round % 2 ? ONLY_1_2 : ONLY_1_3, .talk = talk_much};
		struct stream stream;
		struct tls *tls = accept_peer(&peer, &stream, round < 2);
		int small = 4096;

		(void)setsockopt(stream.out, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		receive_much(&stream);
		send_much(&stream);
		finish(&peer, &stream, tls);
		assert_int_equal(peer.result, 1);
	}
}

static void wait_for_close(const struct tls_peer *peer)
{
	char octet;

	while (read(peer->in, &octet, 1) == 1)
		continue;
}

/* Nothing is read until the server has given up and closed. */
static void talk_deaf(struct tls_peer *peer)
{
	usleep(2500000);
	wait_for_close(peer);
}

static void test_peer_that_does_not_read(void **state)
{
	(void)state;
	for (int socket = 0; socket <= 1; socket++) {
		struct tls_peer peer = {.talk = talk_deaf};
		struct stream stream;
		struct tls *tls = accept_peer(&peer, &stream, socket);
		int64_t begun = clock_ms();
		char data[4096] = {0};

		for (int i = 0; i < 1000; i++) {
			stream_put(&stream, data, sizeof(data));
			if (stream_flush(&stream, begun + 200) < 0)
				break;
		}
		assert_int_equal(stream.error, -ETIMEDOUT);
		assert_in_range(clock_ms() - begun, 200, 2000);
		tls_close(&tls); /* can't say goodbye, and does not wait for ever */
		assert_in_range(clock_ms() - begun, 200, 4000);
		tls_peer_hang_up(&stream);
		tls_peer_join(&peer);
	}
}

/* Records that carry nothing don't keep a session alive for ever. */
static void talk_nothing(struct tls_peer *peer)
{
	int code = 0;

	while (code >= 0) {
		code = gnutls_session_key_update(peer->session, 0);
		peer->result++;
	}
}

static void talk_key_update(struct tls_peer *peer)
{
	char line[64];

	tls_peer_send(peer, "ONE\r\n");
	if (gnutls_session_key_update(peer->session, GNUTLS_KU_PEER) < 0)
		return;
	tls_peer_send(peer, "TWO\r\n");
	tls_peer_read_line(peer, line, sizeof(line));
	peer->result = strcmp(line, "200\r\n") == 0;
}

static void test_key_update(void **state)
{
	struct tls_peer peer = {.priorities = ONLY_1_3, .talk = talk_key_update};
	struct tls_peer endless = {.priorities = ONLY_1_3, .talk = talk_nothing};
	struct stream stream;
	struct tls *tls = accept_peer(&peer, &stream, true);
	const char *line;
	size_t len;
	enum stream_event event;

	(void)state;
	assert_int_equal(next(&stream, &line, &len), STREAM_LINE);
	assert_int_equal(next(&stream, &line, &len), STREAM_LINE);
	assert_memory_equal(line, "TWO", 3);
	stream_putf(&stream, "200\r\n");
	assert_int_equal(stream_flush(&stream, clock_ms() + 5000), 0);
	finish(&peer, &stream, tls);
	assert_int_equal(peer.result, 1);

	tls = accept_peer(&endless, &stream, true);
	event = stream_line(&stream, STREAM_LINE_MAX, clock_ms() + 300, &line, &len);
	assert_true(event == STREAM_ERROR || event == STREAM_TIMEOUT);
	finish(&endless, &stream, tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_peer_that_does_not_read),
		cmocka_unit_test(test_key_update),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, make_server, free_server);
}

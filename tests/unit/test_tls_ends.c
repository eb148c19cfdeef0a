/* How TLS under a stream ends, and begins: closes of all sorts, alerts, garbage; what comes or goes
 * in the clear is never mixed with it. */
#include "tls_place.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void wait_for_close(const struct tls_peer *peer)
{
	char octet;

	while (read(peer->in, &octet, 1) == 1)
		continue;
}

/* The ends that a peer can make, after a line. */
static void talk_bye(struct tls_peer *peer)
{
	tls_peer_send(peer, "QUIT\r\n");
	gnutls_bye(peer->session, GNUTLS_SHUT_WR);
	peer->result = tls_peer_is_closed(peer);
}

static void talk_cut(struct tls_peer *peer)
{
	tls_peer_send(peer, "QUIT\r\n");
	peer->result = shutdown(peer->out, SHUT_WR) == 0 && tls_peer_is_closed(peer);
}

static void talk_fatal(struct tls_peer *peer)
{
	tls_peer_send(peer, "QUIT\r\n");
	gnutls_alert_send(peer->session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
	wait_for_close(peer);
	peer->result = 1;
}

static void talk_garbage(struct tls_peer *peer)
{
	tls_peer_send(peer, "QUIT\r\n");
	peer->result = send(peer->out, "QUIT\r\nQUIT\r\n", 12, MSG_NOSIGNAL) == 12;
	wait_for_close(peer);
}

/* A record that was changed on its way. */
static void talk_forged(struct tls_peer *peer)
{
	static const char record[] = "\x17\x03\x03\x00\x20"
				     "01234567890123456789012345678901";

	tls_peer_send(peer, "QUIT\r\n");
	peer->result = send(peer->out, record, sizeof(record) - 1, MSG_NOSIGNAL) > 0;
	wait_for_close(peer);
}

static void talk_again(struct tls_peer *peer)
{
	int code;

	tls_peer_send(peer, "QUIT\r\n");
	do {
		code = gnutls_handshake(peer->session);
	} while (code < 0 && !gnutls_error_is_fatal(code) &&
		 code != GNUTLS_E_WARNING_ALERT_RECEIVED);
	peer->alert = (int)gnutls_alert_get(peer->session);
	peer->result = code != 0 && peer->alert == GNUTLS_A_NO_RENEGOTIATION;
}

static const struct {
	const char *priorities;
	void (*talk)(struct tls_peer *);
	enum stream_event end;
} ends[] = {
	{ONLY_1_3, talk_bye, STREAM_EOF},
	{ONLY_1_2, talk_bye, STREAM_EOF},
	{ONLY_1_3, talk_cut, STREAM_EOF}, /* as without TLS: the end, whoever made it */
	{ONLY_1_2, talk_cut, STREAM_EOF},
	{ONLY_1_3, talk_fatal, STREAM_ERROR},
	{ONLY_1_2, talk_fatal, STREAM_ERROR},
	{ONLY_1_3, talk_garbage, STREAM_ERROR},
	{ONLY_1_2, talk_garbage, STREAM_ERROR},
	{ONLY_1_3, talk_forged, STREAM_ERROR},
	{ONLY_1_2, talk_forged, STREAM_ERROR},
	{ONLY_1_2, talk_again, STREAM_ERROR},
};

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct tls_peer peer = {.priorities = ends[i].priorities, .talk = ends[i].talk};
		struct stream stream;
		struct tls *tls = accept_peer(&peer, &stream, true);
		const char *line;
		size_t len;

		print_message("# end %zu\n", i);
		assert_int_equal(next(&stream, &line, &len), STREAM_LINE);
		assert_int_equal(next(&stream, &line, &len), ends[i].end);
		assert_int_equal(next(&stream, &line, &len), ends[i].end);
		finish(&peer, &stream, tls);
		assert_int_equal(peer.result, 1);
	}
}

/* Octets that came before TLS must not count as said under its protection, however many. */
static void test_injection(void **state)
{
	static const char early[] = "EHLO example.org\r\n";

	(void)state;
	for (size_t len = 1; len < sizeof(early); len++) {
		struct stream stream;
		struct tls *tls = NULL;
		struct why why;
		const char *line;
		size_t got;
		int pair[2];
		enum stream_event event;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(
			stream_init(&stream, pair[0], pair[0], true, clock_ms() + 30000), 0);
		assert_int_equal(write(pair[1], "STARTTLS\r\n", 10), 10);
		assert_int_equal(write(pair[1], early, len), len);
		assert_int_equal(next(&stream, &line, &got), STREAM_LINE);
		assert_int_equal(
			tls_accept(server, &stream, NULL, clock_ms() + 1000, &tls, &why), -EPROTO);
		assert_null(tls);
		/* It can still be told so, in the clear. */
		stream_putf(&stream, "554\r\n");
		assert_int_equal(stream_flush(&stream, clock_ms() + 1000), 0);
		event = stream_peek(&stream, clock_ms() + 1000, &line, &got);
		assert_int_equal(event, STREAM_LINE);
		assert_int_equal(got, len);
		tls_peer_hang_up(&stream);
		close(pair[1]);
	}
}

/* After TLS, and after a handshake that failed, nothing goes or comes in the clear. */
static void talk_on(struct tls_peer *peer)
{
	char text[64] = {0};

	/* TLS is over for the server. What the client says now is not TLS, nor should the answer
	 * be.
	 */
	peer->result =
		tls_peer_is_closed(peer) && send(peer->out, "DELE 1\r\n", 8, MSG_NOSIGNAL) == 8;
	while (read(peer->in, text, sizeof(text) - 1) > 0)
		peer->result = 0;
}

static void test_cut(void **state)
{
	struct tls_peer peer = {.talk = talk_on};
	struct stream stream;
	struct tls *tls = accept_peer(&peer, &stream, true);
	const char *line;
	size_t len;

	(void)state;
	tls_close(&tls);
	usleep(100000);
	assert_int_equal(next(&stream, &line, &len), STREAM_EOF);
	stream_putf(&stream, "secret\r\n");
	assert_int_equal(stream_flush(&stream, clock_ms() + 1000), -EPIPE);
	stream_linger(&stream);
	tls_peer_hang_up(&stream);
	tls_peer_join(&peer);
	assert_int_equal(peer.result, 1);
}

static void test_failed_handshake(void **state)
{
	struct stream stream;
	struct tls *tls;
	struct why why;
	const char *line;
	size_t len;
	char answer[64];
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(stream_init(&stream, pair[0], pair[0], true, clock_ms() + 30000), 0);
	assert_int_equal(write(pair[1], "not TLS at all\r\n", 16), 16);
	assert_int_equal(tls_accept(server, &stream, NULL, clock_ms() + 1000, &tls, &why), -EPROTO);
	assert_int_equal(send(pair[1], "DELE 1\r\n", 8, MSG_NOSIGNAL), 8);
	assert_int_equal(next(&stream, &line, &len), STREAM_EOF);
	stream_putf(&stream, "secret\r\n");
	assert_int_equal(stream_flush(&stream, clock_ms() + 1000), -EPROTO);
	/* An alert, and nothing else. */
	assert_int_equal(recv(pair[1], answer, sizeof(answer), MSG_DONTWAIT), 7);
	assert_memory_equal(answer, "\x15\x03", 2);
	tls_peer_hang_up(&stream);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_failed_handshake),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, make_server, free_server);
}

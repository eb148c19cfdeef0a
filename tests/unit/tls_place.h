/* tls_place - a server with a certificate, and a peer's way through it, for tests of TLS under a
 * stream. */
#ifndef TESTS_TLS_PLACE_H
#define TESTS_TLS_PLACE_H

#include "base/clock.h"
#include "tls_peer.h"
#include "unit.h"

#define ONLY_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define ONLY_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static struct tls_server *server;
static const unsigned char ticket_key[TLS_TICKET_KEY_SIZE] = {7};

static int make_server(void **state)
{
	(void)state;
	server = tls_server_of(NULL, "ecdsa", NULL);
	return 0;
}

static int free_server(void **state)
{
	(void)state;
	tls_server_free(&server);
	return 0;
}

static struct tls *accept_peer(struct tls_peer *peer, struct stream *stream, bool socket)
{
	struct tls *tls;
	struct why why;

	tls_peer_start(peer, stream, socket);
	if (tls_accept(server, stream, ticket_key, clock_ms() + 10000, &tls, &why) < 0)
		fail_msg("%s", why.text);
	return tls;
}

static void finish(struct tls_peer *peer, struct stream *stream, struct tls *tls)
{
	tls_close(&tls);
	assert_null(tls);
	stream_linger(stream);
	tls_peer_hang_up(stream);
	tls_peer_join(peer);
}

static enum stream_event next(struct stream *stream, const char **line, size_t *len)
{
	return stream_line(stream, STREAM_LINE_MAX, clock_ms() + 5000, line, len);
}

#endif

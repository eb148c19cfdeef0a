/* tls_peer - see tls_peer.h. What runs in the client's thread asserts nothing: it notes. */
#include "tls_peer.h"

#include "base/clock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX 8

const char *tls_certs(const char *name)
{
	static char paths[16][PATH_MAX];
	static size_t next;
	char *path = paths[next++ % COUNT(paths)];
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 64);

	assert_true(len > 0);
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	snprintf(strrchr(path, '/'), 64, "/certs/%s", name);
	return path;
}

struct tls_server *tls_server_of(const char *priorities, ...)
{
	struct tls_pair pairs[PAIRS_MAX];
	char paths[2 * PAIRS_MAX][PATH_MAX];
	struct tls_setup setup = {.pairs = pairs, .priorities = priorities};
	struct tls_server *server = NULL;
	struct why why = {0};
	const char *name;
	va_list names;

	va_start(names, priorities);
	while ((name = va_arg(names, const char *))) {
		char *certificate = paths[2 * setup.count];
		char *key = paths[2 * setup.count + 1];

		snprintf(certificate, PATH_MAX, "%s.crt", tls_certs(name));
		snprintf(key, PATH_MAX, "%s.key", tls_certs(name));
		pairs[setup.count++] = (struct tls_pair){NULL, certificate, key};
	}
	va_end(names);
	if (tls_server_new(&setup, &server, &why) < 0 || tls_server_load(server, &why) < 0)
		fail_msg("%s", why.text);
	return server;
}

static void note_certificate(struct tls_peer *peer)
{
	const gnutls_datum_t *list = gnutls_certificate_get_peers(peer->session, &peer->chain);
	size_t size = sizeof(peer->subject);
	gnutls_x509_crt_t certificate;

	if (!list || gnutls_x509_crt_init(&certificate) < 0)
		return;
	if (gnutls_x509_crt_import(certificate, list, GNUTLS_X509_FMT_DER) >= 0)
		(void)gnutls_x509_crt_get_dn_by_oid(
			certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, peer->subject, &size);
	gnutls_x509_crt_deinit(certificate);
}

static void run_session(struct tls_peer *peer)
{
	do {
		peer->code = gnutls_handshake(peer->session);
	} while (peer->code < 0 && !gnutls_error_is_fatal(peer->code));
	if (peer->code == GNUTLS_E_FATAL_ALERT_RECEIVED)
		peer->alert = (int)gnutls_alert_get(peer->session);
	if (peer->code < 0)
		return;
	note_certificate(peer);
	peer->is_resumed = gnutls_session_is_resumed(peer->session) != 0;
	if (peer->talk)
		peer->talk(peer);
}

/* GnuTLS's own functions are for sockets only. */
static ssize_t pull(gnutls_transport_ptr_t context, void *data, size_t len)
{
	const struct tls_peer *peer = context;

	return read(peer->in, data, len);
}

static ssize_t push(gnutls_transport_ptr_t context, const void *data, size_t len)
{
	const struct tls_peer *peer = context;

	return write(peer->out, data, len);
}

static void *run(void *context)
{
	struct tls_peer *peer = context;
	gnutls_certificate_credentials_t credentials;

	if (gnutls_certificate_allocate_credentials(&credentials) < 0)
		return NULL;
	gnutls_init(&peer->session, GNUTLS_CLIENT);
	peer->code = gnutls_priority_set_direct(
		peer->session, peer->priorities ? peer->priorities : "NORMAL", NULL);
	gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_ptr(peer->session, peer);
	gnutls_transport_set_pull_function(peer->session, pull);
	gnutls_transport_set_push_function(peer->session, push);
	if (peer->name)
		gnutls_server_name_set(
			peer->session, GNUTLS_NAME_DNS, peer->name, strlen(peer->name));
	if (peer->ticket)
		gnutls_session_set_data(peer->session, peer->ticket->data, peer->ticket->size);
	if (peer->code >= 0)
		run_session(peer);
	gnutls_deinit(peer->session);
	gnutls_certificate_free_credentials(credentials);
	close(peer->in);
	if (peer->out != peer->in)
		close(peer->out);
	return NULL;
}

void tls_peer_start(struct tls_peer *peer, struct stream *stream, bool socket)
{
	int there[2];
	int back[2];

	if (socket) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, there), 0);
		peer->in = peer->out = there[1];
		back[1] = there[0];
	} else {
		assert_int_equal(pipe2(there, O_CLOEXEC), 0);
		assert_int_equal(pipe2(back, O_CLOEXEC), 0);
		peer->out = there[1];
		peer->in = back[0];
	}
	assert_int_equal(stream_init(stream, there[0], back[1], true, clock_ms() + 30000), 0);
	peer->alert = -1;
	peer->subject[0] = '\0';
	assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void tls_peer_join(struct tls_peer *peer)
{
	assert_int_equal(pthread_join(peer->thread, NULL), 0);
}

void tls_peer_hang_up(struct stream *stream)
{
	close(stream->in);
	if (stream->out != stream->in)
		close(stream->out);
	stream_done(stream);
}

void tls_peer_send(struct tls_peer *peer, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = gnutls_record_send(peer->session, text, left);

		if (n < 0) {
			peer->result = (int)n;
			return;
		}
		text += n;
		left -= (size_t)n;
	}
}

void tls_peer_read_line(struct tls_peer *peer, char *line, size_t size)
{
	size_t len = 0;

	while (len + 1 < size && (len == 0 || line[len - 1] != '\n')) {
		ssize_t n = gnutls_record_recv(peer->session, line + len, 1);

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	line[len] = '\0';
}

bool tls_peer_is_closed(struct tls_peer *peer)
{
	char octet;
	ssize_t n;

	do {
		n = gnutls_record_recv(peer->session, &octet, 1);
	} while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n == 0;
}

/*
 * tls - see tls.h: one connection's handshake and end; what lies between is the stream's, with the
 * module's transport under it.
 *
 * The module never waits. All waiting is done here, against deadlines: a peer may be silent, send
 * an octet a minute, or not read what it is sent.
 */
#include "io/tls.h"

#include "base/clock.h"
#include "io/tls_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CLOSE_MS 1000 /* for what is left to send, and close_notify */

struct tls {
	const struct tls_module *module;
	struct tls_link *link;
	struct stream *stream;
	bool is_resumed;
	char cipher_suite[TLS_NAME_SIZE];
	char description[TLS_NAME_SIZE];
};

/* Wait for the fd that the link needs. 0 or -errno. */
static int wait_for_peer(const struct tls *tls, int64_t deadline)
{
	bool output = tls->module->transport.wants_output(tls->link);
	int ready = stream_wait(tls->stream, output, deadline);

	return ready > 0 ? 0 : ready == 0 ? -ETIMEDOUT : ready;
}

static int handshake(struct tls *tls, int64_t deadline, struct why *why)
{
	for (;;) {
		int err = tls->module->link_handshake(tls->link, why);

		if (err != -EAGAIN)
			return err;
		err = wait_for_peer(tls, deadline);
		if (err < 0)
			return why_errno(why, -err, "TLS", "handshake");
	}
}

static void describe(struct tls *tls)
{
	snprintf(tls->cipher_suite, sizeof(tls->cipher_suite), "%s",
		tls->module->link_cipher_suite(tls->link));
	snprintf(tls->description, sizeof(tls->description), "%s %s",
		tls->module->link_protocol(tls->link), tls->module->link_cipher_suite(tls->link));
	tls->is_resumed = tls->module->link_is_resumed(tls->link);
}

static void release(struct tls **tls)
{
	if ((*tls)->link)
		(*tls)->module->link_free(&(*tls)->link);
	free(*tls);
	*tls = NULL;
}

int tls_accept(struct tls_server *server, struct stream *stream, const unsigned char *ticket_key,
	int64_t deadline, struct tls **out, struct why *why)
{
	struct tls *tls;
	int err;

	if (stream_has_input(stream))
		return why_set(
			why, EPROTO, WHY_PERM, "5.5.1", "the peer sent more before TLS began");
	tls = calloc(1, sizeof(*tls));
	if (!tls)
		return why_errno(why, ENOMEM, "TLS", "begin");
	tls->module = server->module;
	tls->stream = stream;
	if (deadline > stream->session_deadline)
		deadline = stream->session_deadline;
	err = server->module->link_new(
		server->engine, stream->in, stream->out, ticket_key, &tls->link, why);
	if (!err)
		err = handshake(tls, deadline, why);
	if (err < 0) {
		release(&tls);
		stream_cut(stream, -err);
		return err;
	}
	describe(tls);
	stream_set_transport(stream, &tls->module->transport, tls->link);
	*out = tls;
	return 0;
}

const char *tls_description(const struct tls *tls)
{
	return tls->description;
}

const char *tls_cipher_suite(const struct tls *tls)
{
	return tls->cipher_suite;
}

bool tls_is_resumed(const struct tls *tls)
{
	return tls->is_resumed;
}

void tls_close(struct tls **tls)
{
	int64_t deadline = clock_ms() + CLOSE_MS;

	if (!*tls)
		return;
	/* After an error of the stream's the peer is told all the same, if it can be. */
	(void)stream_flush((*tls)->stream, deadline);
	while ((*tls)->module->link_bye((*tls)->link) == -EAGAIN) {
		if (wait_for_peer(*tls, deadline) < 0)
			break;
	}
	stream_cut((*tls)->stream, EPIPE);
	release(tls);
}

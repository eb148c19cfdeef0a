/*
 * link - see link.h.
 *
 * The peer is anybody. What it may not have: a second handshake in the same connection (TLS 1.2's
 * renegotiation: RFC 5246 7.2.2 lets a server refuse, RFC 7457 2.10 says why it should), data
 * before the handshake is over (0-RTT, never turned on), a session resumed by TLS 1.2, whose
 * tickets carry the very keys of the session they came from, so that who steals the ticket key
 * later can read what was recorded (RFC 9325 section 3.4). In TLS 1.3 a resumed session agrees on
 * new keys (psk_dhe_ke; the other mode is not turned on).
 */
#include "tls/link.h"

#include "io/tls.h"
#include "tls/engine.h"
#include "tls/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 256 /* of a server name, with its NUL */

struct tls_link {
	gnutls_session_t session;
	struct tls_engine *engine;
	struct wire wire;
	gnutls_certificate_credentials_t credentials; /* for this client alone, or NULL */
};

/* GnuTLS has read the client's hello and not yet chosen anything: give it the certificates for the
 * server that the client named, if it named one of ours. Comes twice if the client has to say hello
 * again. */
static int choose_certificates(gnutls_session_t session)
{
	struct tls_link *link = gnutls_session_get_ptr(session);
	char name[NAME_MAX_SIZE];
	size_t size = sizeof(name);
	unsigned type;
	uint32_t pairs;
	int code;

	if (link->credentials || gnutls_server_name_get(session, name, &size, &type, 0) < 0 ||
		type != GNUTLS_NAME_DNS)
		return 0;
	pairs = engine_match(link->engine, name);
	if (pairs == 0 || pairs == link->engine->standard)
		return 0;
	code = engine_make_credentials(link->engine, pairs, &link->credentials);
	if (code < 0)
		return code;
	return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, link->credentials);
}

/* GnuTLS takes a copy of the key. */
static int turn_on_tickets(struct tls_link *link, const unsigned char *ticket_key)
{
	unsigned char copy[TLS_TICKET_KEY_SIZE];
	gnutls_datum_t key = {.data = copy, .size = sizeof(copy)};
	int code;

	memcpy(copy, ticket_key, sizeof(copy));
	code = gnutls_session_ticket_enable_server(link->session, &key);
	explicit_bzero(copy, sizeof(copy));
	return code;
}

static int set_up(struct tls_link *link, const unsigned char *ticket_key)
{
	int code = gnutls_priority_set(link->session, link->engine->priorities);

	if (code >= 0)
		code = gnutls_credentials_set(
			link->session, GNUTLS_CRD_CERTIFICATE, link->engine->standard_credentials);
	if (code >= 0 && ticket_key)
		code = turn_on_tickets(link, ticket_key);
	if (code < 0)
		return code;
	gnutls_certificate_server_set_request(link->session, GNUTLS_CERT_IGNORE);
	gnutls_session_set_ptr(link->session, link);
	gnutls_handshake_set_post_client_hello_function(link->session, choose_certificates);
	return 0;
}

int link_new(struct tls_engine *engine, int in, int out, const unsigned char *ticket_key,
	struct tls_link **out_link, struct why *why)
{
	struct tls_link *link = calloc(1, sizeof(*link));
	unsigned flags = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS_TLS12 |
			 (ticket_key ? 0 : GNUTLS_NO_TICKETS);
	int code = GNUTLS_E_MEMORY_ERROR;

	if (link) {
		link->engine = engine;
		code = gnutls_init(&link->session, flags);
	}
	if (code >= 0)
		code = set_up(link, ticket_key);
	if (code < 0) {
		link_free(&link);
		return why_set(why, ENOMEM, WHY_TEMP, "4.7.0", "TLS: %s", gnutls_strerror(code));
	}
	wire_attach(&link->wire, link->session, in, out);
	*out_link = link;
	return 0;
}

static void drop_credentials(struct tls_link *link)
{
	if (link->session)
		gnutls_credentials_clear(link->session);
	if (link->credentials)
		gnutls_certificate_free_credentials(link->credentials);
	link->credentials = NULL;
}

void link_free(struct tls_link **link)
{
	struct tls_link *old = *link;

	*link = NULL;
	if (!old)
		return;
	drop_credentials(old);
	if (old->session)
		gnutls_deinit(old->session);
	free(old);
}

static bool is_passing(int code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED ||
	       code == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

static int fail_handshake(struct tls_link *link, int code, struct why *why)
{
	if (link->wire.allowance == 0)
		code = GNUTLS_E_HANDSHAKE_TOO_LARGE;
	else if (link->wire.ended || code == GNUTLS_E_PULL_ERROR || code == GNUTLS_E_PUSH_ERROR)
		return why_set(why, ECONNRESET, WHY_TEMP, "4.7.0",
			"the peer closed the connection in the handshake");
	if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return why_set(why, EPROTO, WHY_TEMP, "4.7.0", "the peer refused: %s",
			gnutls_alert_get_name(gnutls_alert_get(link->session)));
	(void)gnutls_alert_send_appropriate(link->session, code);
	return why_set(why, EPROTO, WHY_TEMP, "4.7.0", "%s", gnutls_strerror(code));
}

int link_handshake(struct tls_link *link, struct why *why)
{
	int code = gnutls_handshake(link->session);
	gnutls_protocol_t version;

	if (is_passing(code))
		return -EAGAIN;
	if (code < 0)
		return fail_handshake(link, code, why);
	/* The priorities say so already; but they are text, and this is cheap. */
	version = gnutls_protocol_get_version(link->session);
	if (version != GNUTLS_TLS1_3 && version != GNUTLS_TLS1_2)
		return fail_handshake(link, GNUTLS_E_UNSUPPORTED_VERSION_PACKET, why);
	/* There is no second handshake that would need a key, and nobody should find one here. */
	drop_credentials(link);
	link->engine = NULL;
	wire_allow(&link->wire);
	return 0;
}

int link_bye(struct tls_link *link)
{
	int code = gnutls_bye(link->session, GNUTLS_SHUT_WR);

	if (is_passing(code))
		return -EAGAIN;
	return code < 0 ? -EPIPE : 0;
}

const char *link_protocol(const struct tls_link *link)
{
	return gnutls_protocol_get_name(gnutls_protocol_get_version(link->session));
}

const char *link_cipher_suite(const struct tls_link *link)
{
	const char *name = gnutls_ciphersuite_get(link->session);

	return name ? name : "?";
}

bool link_is_resumed(const struct tls_link *link)
{
	return gnutls_session_is_resumed(link->session) != 0;
}

static ssize_t fail(int err)
{
	errno = err;
	return -1;
}

ssize_t link_read(void *context, void *data, size_t len)
{
	struct tls_link *link = context;
	ssize_t n = gnutls_record_recv(link->session, data, len);

	if (n >= 0) {
		wire_allow(&link->wire);
		return n;
	}
	if (is_passing((int)n))
		return fail(EAGAIN);
	if (n == GNUTLS_E_PREMATURE_TERMINATION)
		return 0;
	if (n == GNUTLS_E_PULL_ERROR || n == GNUTLS_E_PUSH_ERROR)
		return fail(ECONNRESET);
	if (n == GNUTLS_E_REHANDSHAKE)
		(void)gnutls_alert_send(
			link->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
	else if (n != GNUTLS_E_FATAL_ALERT_RECEIVED)
		(void)gnutls_alert_send_appropriate(link->session, (int)n);
	return fail(EPROTO);
}

ssize_t link_write(void *context, const void *data, size_t len)
{
	struct tls_link *link = context;
	ssize_t n = gnutls_record_send(link->session, data, len);

	if (n >= 0)
		return n;
	return fail(is_passing((int)n) ? EAGAIN : EPIPE);
}

bool link_wants_output(void *context)
{
	const struct tls_link *link = context;

	return gnutls_record_get_direction(link->session) == 1;
}

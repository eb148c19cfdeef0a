/*
 * tls - TLS for a stream, by GnuTLS (RFC 8446, RFC 5246; RFC 7525 and 8996 for what is not used any
 * more).
 *
 * GnuTLS is not linked into the programs: loading it costs as much as all the rest of a start. It
 * lives in one private module, a shared object beside the agent, which is loaded when TLS begins,
 * or before the first fork in a listener. This header is all that the rest knows of it.
 *
 * A session, in this order: tls_server_new() while files can still be read (the jail comes next);
 * tls_server_load() when TLS begins (or before the jail where that is known); tls_accept().
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "base/why.h"
#include "io/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_TICKET_KEY_SIZE 64 /* gnutls_session_ticket_enable_server(3) */
#define TLS_NAME_SIZE       96

/* A certificate with its chain, and its key: paths of PEM files. */
struct tls_pair {
	const char
		*name; /* the server name that the certificate must be good for; "" or NULL: any */
	const char *certificate;
	const char *key;
};

struct tls_setup {
	const struct tls_pair *pairs; /* the first is what a client gets that names no server */
	size_t count;
	const char *priorities; /* GnuTLS's priority string; "" or NULL: ours */
};

struct tls_server; /* the files' bytes; once loaded, also what GnuTLS made of them */
struct tls;        /* one connection's TLS */

/*
 * Read the files: their bytes, nothing is parsed. $CREDENTIALS_DIRECTORY/tls.crt and tls.key, where
 * they exist and are not blank, stand in for the first pair (or are the only one). -ENOENT without
 * a reason in *why (its class is WHY_NONE): there is no pair at all, TLS is off. Another -errno: a
 * file can't be read, and *why names it.
 */
int tls_server_new(const struct tls_setup *setup, struct tls_server **out, struct why *why);

/* The module's file, which tls_server_load() will load: its directory must stay readable in the
 * jail until then. Valid as long as the server. */
const char *tls_module_path(const struct tls_server *server);

/* Load GnuTLS and parse certificates and keys; again costs nothing. -errno with *why that names the
 * file, or the pair, and the reason. Then the keys' bytes are overwritten. */
int tls_server_load(struct tls_server *server, struct why *why);

/* Of a loaded server: what is no error but should be in the log (a certificate that has expired or
 * is not valid yet: clients will refuse it), or "". Valid as long as the server. */
const char *tls_server_note(const struct tls_server *server);

/* Would tls_server_new() read something else now: other files, or other content (by inode, size and
 * times)? */
bool tls_server_is_stale(const struct tls_server *server, const struct tls_setup *setup);

/* Overwrites the keys. A connection of it whose handshake is over goes on. */
void tls_server_free(struct tls_server **server);

/*
 * Do the server's part of the handshake on the stream's fds, to be over at the deadline
 * (clock_ms()), and put TLS under the stream. Unread input in the stream is -EPROTO: it came in the
 * clear and must never be taken for something that TLS protected (RFC 3207 section 4.2, RFC 2595
 * section 4). The server must be loaded. ticket_key: TLS_TICKET_KEY_SIZE octets, or NULL for no
 * tickets. On failure the connection is of no use any more, and the stream stays as it was, for the
 * log's sake only.
 */
int tls_accept(struct tls_server *server, struct stream *stream, const unsigned char *ticket_key,
	int64_t deadline, struct tls **out, struct why *why);

/* "TLS1.3 TLS_AES_256_GCM_SHA384", and the IANA name of the cipher suite alone (RFC 8314
 * section 4.3). */
const char *tls_description(const struct tls *tls);
const char *tls_cipher_suite(const struct tls *tls);
bool tls_is_resumed(const struct tls *tls);

/* Send what is left and close_notify, within a second or so, and release it; the stream has no
 * transport then and must not be used but for stream_linger(), stream_done(). *tls may be NULL. */
void tls_close(struct tls **tls);

#endif

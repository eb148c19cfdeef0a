/*
 * tls_module - what the private module tls.so (lib/tls, GnuTLS) offers to tls.c, and nobody else.
 *
 * The module exports one symbol, a struct tls_module. It never waits, never logs and opens no file:
 * bytes come in memory, fds are used without blocking and -EAGAIN is told where there is nothing to
 * do now. It is part of the same release as the program that loads it; the version is there for an
 * upgrade that replaces the module under a running program.
 */
#ifndef IO_TLS_MODULE_H
#define IO_TLS_MODULE_H

#include "base/why.h"
#include "io/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_MODULE_FILE    "tls.so"
#define TLS_MODULE_SYMBOL  "pillarbox_tls"
#define TLS_MODULE_VERSION 1

#define TLS_PAIRS_MAX 32 /* certificates with their keys */
#define TLS_NOTE_SIZE 176

/* A file's bytes; the path is for messages only. */
struct tls_bytes {
	const char *path;
	unsigned char *at;
	size_t len;
};

struct tls_source {
	const char *name; /* must be covered by the certificate; "": any */
	struct tls_bytes certificate;
	struct tls_bytes key;
};

struct tls_engine; /* what GnuTLS made of certificates, keys and priorities; for many connections */
struct tls_link;   /* one connection */

struct tls_module {
	uint32_t version;  /* TLS_MODULE_VERSION; first, whatever else changes */
	uint32_t why_size; /* sizeof(struct why) */

	/* Parse all of it (count is 1 to TLS_PAIRS_MAX). priorities: NULL or "" for our own. note:
	 * something that an administrator should know although it is no error, or "". 0 or -errno
	 * with *why. */
	int (*engine_new)(const struct tls_source *sources, size_t count, const char *priorities,
		struct tls_engine **out, char note[static TLS_NOTE_SIZE], struct why *why);
	void (*engine_free)(struct tls_engine **engine);

	/* Begin a connection on these fds, which stay the caller's. ticket_key: NULL, or
	 * TLS_TICKET_KEY_SIZE octets, which are copied. 0 or -ENOMEM, with *why. */
	int (*link_new)(struct tls_engine *engine, int in, int out, const unsigned char *ticket_key,
		struct tls_link **out_link, struct why *why);
	void (*link_free)(struct tls_link **link);

	/* Go on with the handshake. 0: it is done, and the engine may be freed; -EAGAIN: once the
	 * fd that wants_output() tells is ready; another -errno with *why: it has failed, and the
	 * peer was told by an alert. */
	int (*link_handshake)(struct tls_link *link, struct why *why);

	/* Send what is still held back, then close_notify. As link_handshake(), without a reason.
	 */
	int (*link_bye)(struct tls_link *link);

	/* Of a connection whose handshake is done: "TLS1.3", "TLS_AES_256_GCM_SHA384". */
	const char *(*link_protocol)(const struct tls_link *link);
	const char *(*link_cipher_suite)(const struct tls_link *link);
	bool (*link_is_resumed)(const struct tls_link *link);

	/* The context is a struct tls_link. An end without close_notify is an end like any other:
	 * in SMTP and POP3 nothing that is cut off counts, with or without TLS. */
	struct stream_transport transport;
};

#endif

/*
 * engine - all certificates with their keys, and the priorities: what connections have in common.
 */
#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include "io/tls_module.h"
#include "tls/pair.h"

#include <gnutls/gnutls.h>
#include <stdint.h>

struct tls_engine {
	gnutls_priority_t priorities;
	struct pair pairs[TLS_PAIRS_MAX];
	size_t count;
	uint32_t standard; /* the pairs for a client that names no server of ours; a bit each */
	gnutls_certificate_credentials_t standard_credentials;
};

/* See struct tls_module. */
int engine_new(const struct tls_source *sources, size_t count, const char *priorities,
	struct tls_engine **out, char note[static TLS_NOTE_SIZE], struct why *why);
void engine_free(struct tls_engine **engine);

/* The pairs that are for this host name: a bit each, none: 0. */
uint32_t engine_match(const struct tls_engine *engine, const char *name);

/* Make credentials of these pairs (not none). 0 or one of GnuTLS's errors. */
int engine_make_credentials(
	const struct tls_engine *engine, uint32_t pairs, gnutls_certificate_credentials_t *out);

#endif

/*
 * engine - see engine.h.
 *
 * GnuTLS can choose a certificate by the server name itself, but compares names to the letter (no
 * wildcards, no other case). So for each name the fitting pairs are chosen here, and what GnuTLS
 * chooses from is only their kind: ECDSA comes first, since it costs a fraction of RSA.
 */
#include "tls/engine.h"

#include "tls/priorities.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(TLS_PAIRS_MAX <= 32, "a bit for each pair");

uint32_t engine_match(const struct tls_engine *engine, const char *name)
{
	uint32_t pairs = 0;

	for (size_t i = 0; i < engine->count; i++) {
		if (pair_covers(&engine->pairs[i], name))
			pairs |= UINT32_C(1) << i;
	}
	return pairs;
}

static int add_pairs(const struct tls_engine *engine, uint32_t pairs, bool rsa,
	gnutls_certificate_credentials_t credentials)
{
	for (size_t i = 0; i < engine->count; i++) {
		const struct pair *pair = &engine->pairs[i];
		int code = 0;

		if ((pairs >> i & 1) && pair_is_rsa(pair) == rsa)
			code = pair_add(pair, credentials);
		if (code < 0)
			return code;
	}
	return 0;
}

int engine_make_credentials(
	const struct tls_engine *engine, uint32_t pairs, gnutls_certificate_credentials_t *out)
{
	gnutls_certificate_credentials_t credentials;
	int code = gnutls_certificate_allocate_credentials(&credentials);

	if (code < 0)
		return code;
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	code = add_pairs(engine, pairs, false, credentials);
	if (code >= 0)
		code = add_pairs(engine, pairs, true, credentials);
	if (code < 0) {
		gnutls_certificate_free_credentials(credentials);
		return code;
	}
	*out = credentials;
	return 0;
}

/* Who names no server gets the first certificate, or one of another kind for the same host. */
static int make_standard(struct tls_engine *engine, struct why *why)
{
	char name[PAIR_NAME_SIZE];
	int code;

	engine->standard = 1;
	if (pair_get_name(&engine->pairs[0], name))
		engine->standard |= engine_match(engine, name);
	code = engine_make_credentials(engine, engine->standard, &engine->standard_credentials);
	if (code < 0)
		return why_set(why, ENOMEM, WHY_TEMP, "4.7.0", "TLS: %s", gnutls_strerror(code));
	return 0;
}

static int parse_pairs(struct tls_engine *engine, const struct tls_source *sources, size_t count,
	char note[static TLS_NOTE_SIZE], struct why *why)
{
	for (size_t i = 0; i < count; i++) {
		int err = pair_init(&engine->pairs[i], &sources[i], why);

		if (err < 0)
			return err;
		engine->count++;
		if (note[0] == '\0')
			pair_get_note(&engine->pairs[i], &sources[i], note);
	}
	return 0;
}

int engine_new(const struct tls_source *sources, size_t count, const char *priorities,
	struct tls_engine **out, char note[static TLS_NOTE_SIZE], struct why *why)
{
	struct tls_engine *engine = calloc(1, sizeof(*engine));
	int err;

	note[0] = '\0';
	if (!engine)
		return why_errno(why, ENOMEM, "TLS", "load");
	err = priorities_parse(priorities, &engine->priorities, why);
	if (!err)
		err = parse_pairs(engine, sources, count, note, why);
	if (!err)
		err = make_standard(engine, why);
	if (err < 0)
		engine_free(&engine);
	else
		*out = engine;
	return err;
}

void engine_free(struct tls_engine **engine)
{
	struct tls_engine *old = *engine;

	*engine = NULL;
	if (!old)
		return;
	if (old->standard_credentials)
		gnutls_certificate_free_credentials(old->standard_credentials);
	for (size_t i = 0; i < old->count; i++)
		pair_done(&old->pairs[i]);
	if (old->priorities)
		gnutls_priority_deinit(old->priorities);
	free(old);
}

/*
 * pair - see pair.h.
 *
 * Trusts nothing in the files: they may be cut short, of another kind, or belong to something else.
 * What GnuTLS itself would do to see whether key and certificate belong together is to sign and
 * verify, which for RSA costs as much as a handshake; their public keys are compared here instead.
 */
#include "tls/pair.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define STATUS "4.7.0" /* RFC 3463 3.8 */
#define DAY    86400

static gnutls_datum_t datum(const struct tls_bytes *bytes)
{
	return (gnutls_datum_t){.data = bytes->at, .size = (unsigned)bytes->len};
}

static int refuse(struct why *why, const struct tls_bytes *bytes, const char *what, int code)
{
	return why_set(why, code == GNUTLS_E_MEMORY_ERROR ? ENOMEM : EINVAL, WHY_TEMP, STATUS,
		"%s: %s: %s", bytes->path, what, gnutls_strerror(code));
}

static int parse_chain(struct pair *pair, const struct tls_bytes *bytes, struct why *why)
{
	gnutls_datum_t data = datum(bytes);
	unsigned count = PAIR_CHAIN_MAX;
	int code = gnutls_x509_crt_list_import(pair->chain, &count, &data, GNUTLS_X509_FMT_PEM,
		GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED | GNUTLS_X509_CRT_LIST_SORT);

	if (code == GNUTLS_E_SHORT_MEMORY_BUFFER)
		return why_set(why, EINVAL, WHY_TEMP, STATUS, "%s: more than %d certificates",
			bytes->path, PAIR_CHAIN_MAX);
	if (code < 0)
		return refuse(why, bytes, "not a usable certificate", code);
	pair->count = count;
	return 0;
}

static int parse_key(struct pair *pair, const struct tls_bytes *bytes, struct why *why)
{
	gnutls_datum_t data = datum(bytes);
	int code = gnutls_x509_privkey_init(&pair->key);

	if (code >= 0)
		code = gnutls_x509_privkey_import2(
			pair->key, &data, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
	if (code == GNUTLS_E_DECRYPTION_FAILED)
		return why_set(why, EINVAL, WHY_TEMP, STATUS,
			"%s: the key is encrypted, and nobody is there to give a passphrase",
			bytes->path);
	return code < 0 ? refuse(why, bytes, "not a usable private key", code) : 0;
}

/* The digest of the public key, in both. */
static bool belong_together(const struct pair *pair)
{
	unsigned char ids[2][64];
	size_t sizes[2] = {sizeof(ids[0]), sizeof(ids[1])};

	return gnutls_x509_crt_get_key_id(
		       pair->chain[0], GNUTLS_KEYID_USE_SHA256, ids[0], &sizes[0]) >= 0 &&
	       gnutls_x509_privkey_get_key_id(
		       pair->key, GNUTLS_KEYID_USE_SHA256, ids[1], &sizes[1]) >= 0 &&
	       sizes[0] == sizes[1] && memcmp(ids[0], ids[1], sizes[0]) == 0;
}

static int check(const struct pair *pair, const struct tls_source *source, struct why *why)
{
	if (!belong_together(pair))
		return why_set(why, EINVAL, WHY_TEMP, STATUS,
			"%s: not the key of the certificate in %s", source->key.path,
			source->certificate.path);
	if (source->name[0] && !pair_covers(pair, source->name))
		return why_set(why, EINVAL, WHY_TEMP, STATUS, "%s: not a certificate for %s",
			source->certificate.path, source->name);
	return 0;
}

int pair_init(struct pair *pair, const struct tls_source *source, struct why *why)
{
	int err;

	memset(pair, 0, sizeof(*pair));
	err = parse_chain(pair, &source->certificate, why);
	if (!err)
		err = parse_key(pair, &source->key, why);
	if (!err)
		err = check(pair, source, why);
	if (err < 0)
		pair_done(pair);
	return err;
}

void pair_done(struct pair *pair)
{
	for (unsigned i = 0; i < pair->count; i++)
		gnutls_x509_crt_deinit(pair->chain[i]);
	gnutls_x509_privkey_deinit(pair->key);
	memset(pair, 0, sizeof(*pair));
}

bool pair_covers(const struct pair *pair, const char *name)
{
	return gnutls_x509_crt_check_hostname2(
		pair->chain[0], name, GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES);
}

bool pair_get_name(const struct pair *pair, char name[static PAIR_NAME_SIZE])
{
	size_t size;
	int code = 0;

	for (unsigned i = 0; code >= 0 || code == GNUTLS_E_SHORT_MEMORY_BUFFER; i++) {
		size = PAIR_NAME_SIZE;
		code = gnutls_x509_crt_get_subject_alt_name(pair->chain[0], i, name, &size, NULL);
		if (code == GNUTLS_SAN_DNSNAME)
			return true;
	}
	size = PAIR_NAME_SIZE;
	return gnutls_x509_crt_get_dn_by_oid(
		       pair->chain[0], GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) >= 0;
}

bool pair_is_rsa(const struct pair *pair)
{
	int algorithm = gnutls_x509_crt_get_pk_algorithm(pair->chain[0], NULL);

	return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
}

/* In days, not as a date: to print one, libc would look for the time zone's files. */
void pair_get_note(
	const struct pair *pair, const struct tls_source *source, char note[static TLS_NOTE_SIZE])
{
	time_t now = time(NULL);
	time_t begins = gnutls_x509_crt_get_activation_time(pair->chain[0]);
	time_t ends = gnutls_x509_crt_get_expiration_time(pair->chain[0]);

	if (ends != (time_t)-1 && now > ends)
		snprintf(note, TLS_NOTE_SIZE, "%s: the certificate expired %jd days ago",
			source->certificate.path, (intmax_t)(now - ends) / DAY);
	else if (begins != (time_t)-1 && now < begins)
		snprintf(note, TLS_NOTE_SIZE,
			"%s: the certificate is not valid before %jd days from now",
			source->certificate.path, (intmax_t)(begins - now) / DAY);
}

/* The chain in the form that goes over the wire. */
static int export_chain(const struct pair *pair, gnutls_pcert_st out[static PAIR_CHAIN_MAX])
{
	for (unsigned i = 0; i < pair->count; i++) {
		int code = gnutls_pcert_import_x509(&out[i], pair->chain[i], 0);

		if (code >= 0)
			continue;
		while (i-- > 0)
			gnutls_pcert_deinit(&out[i]);
		return code;
	}
	return 0;
}

/* The credentials become the owner of both only where they take them. */
int pair_add(const struct pair *pair, gnutls_certificate_credentials_t credentials)
{
	gnutls_pcert_st chain[PAIR_CHAIN_MAX];
	gnutls_privkey_t key;
	int code = gnutls_privkey_init(&key);

	if (code < 0)
		return code;
	code = gnutls_privkey_import_x509(key, pair->key, GNUTLS_PRIVKEY_IMPORT_COPY);
	if (code < 0)
		goto out_key;
	code = export_chain(pair, chain);
	if (code < 0)
		goto out_key;
	code = gnutls_certificate_set_key(credentials, NULL, 0, chain, (int)pair->count, key);
	if (code >= 0)
		return 0;
	for (unsigned i = 0; i < pair->count; i++)
		gnutls_pcert_deinit(&chain[i]);
out_key:
	gnutls_privkey_deinit(key);
	return code;
}

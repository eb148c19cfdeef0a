/* pair - a certificate with its chain and its key, parsed and held against each other. */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include "base/why.h"
#include "io/tls_module.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>

#define PAIR_CHAIN_MAX 16 /* certificates in a file */
#define PAIR_NAME_SIZE 256

struct pair {
	gnutls_x509_crt_t chain[PAIR_CHAIN_MAX]; /* the server's own is first */
	unsigned count;
	gnutls_x509_privkey_t key;
};

/* 0 or -errno with *why that names the file; then there is nothing to release. */
int pair_init(struct pair *pair, const struct tls_source *source, struct why *why);
void pair_done(struct pair *pair);

/* Is the certificate for this host name (RFC 6125: subjectAltName, wildcards)? */
bool pair_covers(const struct pair *pair, const char *name);

/* The first host name that the certificate is for. False: there is none. */
bool pair_get_name(const struct pair *pair, char name[static PAIR_NAME_SIZE]);

bool pair_is_rsa(const struct pair *pair);

/* If the certificate's time has not come or is over: say so in note. */
void pair_get_note(
	const struct pair *pair, const struct tls_source *source, char note[static TLS_NOTE_SIZE]);

/* Add a copy to the credentials. 0 or one of GnuTLS's errors. */
int pair_add(const struct pair *pair, gnutls_certificate_credentials_t credentials);

#endif

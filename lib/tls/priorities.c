/*
 * priorities - see priorities.h.
 *
 * Ours follow RFC 9325: TLS 1.3 and 1.2 (section 3.1.1), ciphers that authenticate, keys agreed by
 * ephemeral elliptic curves (section 4.2), no finite-field Diffie-Hellman, which TLS 1.2 can't
 * negotiate safely (section 4.1; so none of its parameters have to be made or found, either), no
 * static RSA; and RFC 9155: no signatures over SHA-1. The server's order counts.
 *
 * Whatever the administrator asks for, nothing older than TLS 1.2 comes back (RFC 8996).
 */
#include "tls/priorities.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1024

static const char ours[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:"
	"+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-X25519:"
	"+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:"
	"%SERVER_PRECEDENCE";

static const char always[] = ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL";

int priorities_parse(const char *text, gnutls_priority_t *out, struct why *why)
{
	const char *user = text && text[0] ? text : ours;
	char all[TEXT_MAX];
	const char *at = all;
	int code;

	if (snprintf(all, sizeof(all), "%s%s", user, always) >= (int)sizeof(all))
		return why_set(why, EINVAL, WHY_TEMP, "4.7.0", "[tls] priorities: too long");
	code = gnutls_priority_init(out, all, &at);
	if (code >= 0)
		return 0;
	*out = NULL;
	if (code == GNUTLS_E_INVALID_REQUEST && at >= all && at < all + strlen(user))
		return why_set(why, EINVAL, WHY_TEMP, "4.7.0",
			"[tls] priorities: not understood from character %d on: %.*s",
			(int)(at - all) + 1, (int)(all + strlen(user) - at), at);
	return why_set(
		why, EINVAL, WHY_TEMP, "4.7.0", "[tls] priorities: %s", gnutls_strerror(code));
}

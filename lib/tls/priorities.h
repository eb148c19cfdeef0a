/* priorities - which protocols and ciphers TLS may use, as GnuTLS's priority strings. */
#ifndef TLS_PRIORITIES_H
#define TLS_PRIORITIES_H

#include "base/why.h"

#include <gnutls/gnutls.h>

/* NULL or "": our own. 0 or -errno with *why that shows where it is not understood. */
int priorities_parse(const char *text, gnutls_priority_t *out, struct why *why);

#endif

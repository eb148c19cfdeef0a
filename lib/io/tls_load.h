/* tls_load - find and load the private module tls.so. */
#ifndef IO_TLS_LOAD_H
#define IO_TLS_LOAD_H

#include "base/why.h"
#include "io/tls_module.h"

#include <limits.h>

/* Where the module is; whether it can be loaded shows later. */
void tls_load_find(char path[static PATH_MAX]);

/* Load it, for as long as the process lives. What it looks up from now on, and the jail's part in
 * that, is told in tls_load.c. 0 or -errno with *why. */
int tls_load(const char *path, const struct tls_module **out, struct why *why);

#endif

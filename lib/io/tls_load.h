/* tls_load - find and load the private module tls.so. */
#ifndef IO_TLS_LOAD_H
#define IO_TLS_LOAD_H

#include "base/why.h"
#include "io/tls_module.h"

#include <limits.h>

/* Where the module is; whether it can be loaded shows later. */
void tls_load_find(char path[static PATH_MAX]);

/* Load it, for as long as the process lives. What it needs of the jail then is told in tls_load.c.
 * NULL with *why: it is not there, can't be loaded, or is of another release. */
const struct tls_module *tls_load(const char *path, struct why *why);

#endif

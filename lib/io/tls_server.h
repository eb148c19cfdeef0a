/* tls_server - the inside of struct tls_server, for tls.c; all others use tls.h. */
#ifndef IO_TLS_SERVER_H
#define IO_TLS_SERVER_H

#include "io/tls.h"
#include "io/tls_file.h"
#include "io/tls_module.h"

#include <limits.h>

struct tls_server_pair {
	char name[256];
	struct tls_file certificate;
	struct tls_file key;
};

struct tls_server {
	struct tls_server_pair *pairs;
	size_t count;
	char priorities[512]; /* "": the module's own */
	char module_path[PATH_MAX];
	const struct tls_module *module; /* once loaded */
	struct tls_engine *engine;
	char note[TLS_NOTE_SIZE];
};

#endif

/*
 * tls_file - the bytes of a certificate's or key's file, and how to know later that it is another
 * file now.
 *
 * Trusts that who wrote the configuration means the path; not that something sensible is there.
 */
#ifndef IO_TLS_FILE_H
#define IO_TLS_FILE_H

#include "base/why.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define TLS_FILE_MAX ((size_t)256 * 1024) /* octets */

enum tls_file_kind { TLS_FILE_CERTIFICATE, TLS_FILE_KEY };

struct tls_file {
	char path[PATH_MAX];
	struct stat stamp; /* as it was before it was read */
	unsigned char *at; /* NULL once wiped */
	size_t len;
};

/* Read it: a regular file of at most TLS_FILE_MAX octets with a PEM block of this kind, a key also
 * unencrypted and without any access for others. 0 or -errno with *why that names it; then there is
 * nothing to release. */
int tls_file_read(
	struct tls_file *file, const char *path, enum tls_file_kind kind, struct why *why);

/* Would something else be read from path now? */
bool tls_file_is_stale(const struct tls_file *file, const char *path);

/* Overwrite and release the bytes; path and stamp stay. */
void tls_file_wipe(struct tls_file *file);

#endif

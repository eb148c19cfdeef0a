/*
 * session_forget - free() and realloc() that overwrite what they give up, in place of the C
 * library's (glibc manual, "Replacing malloc", asks for all of the family; these two only go in
 * front of its own).
 *
 * A session that is taken over is read for what it has had: passwords in buffers that GnuTLS frees
 * as they are, a key's numbers in GMP's. It frees little, so that this costs next to nothing.
 * Linked into the sessions alone; their shared libraries, GnuTLS too, call these, since a program's
 * symbols come before a library's.
 */
#include "io/jail.h"

#ifndef JAIL_SANITIZED /* sanitizers have their own, and look at what was freed */

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void __libc_free(void *at);

void free(void *at)
{
	if (at)
		explicit_bzero(at, malloc_usable_size(at));
	__libc_free(at);
}

void *realloc(void *at, size_t size)
{
	size_t had;
	void *new;

	if (!at)
		return malloc(size);
	if (size == 0) { /* as the C library has it */
		free(at);
		return NULL;
	}
	had = malloc_usable_size(at);
	if (size <= had && size > had / 2) {
		explicit_bzero((char *)at + size, had - size);
		return at;
	}
	new = malloc(size);
	if (!new)
		return NULL;
	memcpy(new, at, had < size ? had : size);
	free(at);
	return new;
}

#endif

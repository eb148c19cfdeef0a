/*
 * handle - what is behind struct spool (spool.c), for the files of libspool that do more with an
 * open mailbox than spool.h offers.
 */
#ifndef SPOOL_HANDLE_H
#define SPOOL_HANDLE_H

#include "store.h"

struct spool {
	const struct store *store;
	struct spool_place place;
	void *box;
	int session;
};

/* The store that a location names, and the path within it; NULL: none. */
const struct store *spool_find_store(const char *location, const char **path);

/* List the mailbox anew, as if it had been closed and opened, but for the session lock, which is
 * kept. On failure *spool is closed. */
int spool_open_again(struct spool **spool, struct why *why);

/* Was what has been read of `read`, which spool_fetch() gave for message n, that message? 0;
 * -ESTALE; or another -errno. */
int spool_check_read(
	struct spool *spool, size_t n, const struct spool_extent *read, struct why *why);

#endif

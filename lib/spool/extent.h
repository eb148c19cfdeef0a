/*
 * extent - reading a message where spool_fetch() says that it lies, for spool_read().
 *
 * No lock is held meanwhile: others may change the mailbox at any time. Nobody can be kept from
 * that; these functions tell afterwards.
 */
#ifndef SPOOL_EXTENT_H
#define SPOOL_EXTENT_H

#include "spool.h"

#include <stdbool.h>

struct extent_taker {
	int (*take)(void *context, const char *octets, size_t len); /* 0 or -errno */
	void *context;
};

/* Give the message to the taker, decoded, piece by piece, until it fails. 0; -ESTALE: the file is
 * too short by now; or another -errno. */
int extent_read(const struct spool_extent *extent, const struct extent_taker *taker);

/* Has the file been written to since it was known that the message lies there? */
bool extent_is_touched(const struct spool_extent *extent);

/* Do both (their fds are open) mean the same octets of the same file? */
bool extent_is_same(const struct spool_extent *a, const struct spool_extent *b);

#endif

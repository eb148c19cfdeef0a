/*
 * generation - how often messages were removed from a mailbox, or it was repaired, as far as that
 * can be told from two numbers being different. It is the session lock's file that counts, since
 * whoever removes has that: its mtime, which takes no room on a disk that may be full.
 *
 * It is not made durable: after a power cut it may be what it was before.
 */
#ifndef SPOOL_GENERATION_H
#define SPOOL_GENERATION_H

#include <stdint.h>

/* `name`: state_file_name(). 0: it can't be told. */
int64_t generation_get(const char *state, const char *name);

/* Before a message is removed; needs the session lock. 0 or -errno. */
int generation_next(const char *state, const char *name);

#endif

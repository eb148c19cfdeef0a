/*
 * ledger - which messages of one mailbox another has taken over, under spool_place.state in
 *
 *	<destination>.convert-<of the source's name a checksum>
 *
 * It outlives the conversion: what the destination's readers have removed since is not brought in
 * once more, though it may still lie in the source. A row is written when its message is on disk,
 * never before; rows that are missing, because the power went out, cost a look into the destination
 * for the message itself. What is in the file is believed if it is about these two mailboxes, and
 * the destination is still the file or folder that it was.
 */
#ifndef SPOOL_LEDGER_H
#define SPOOL_LEDGER_H

#include "identity.h"
#include "tally.h"

#include <limits.h>

struct ledger {
	char path[PATH_MAX];
	char from[NAME_MAX + 1]; /* state_file_name() */
	char to[NAME_MAX + 1];
	int fd;            /* -1: there is none */
	uint64_t end;      /* of what is believed of the file */
	struct tally rows; /* as of ledger_open() */
};

/* Name the file after two mailboxes' paths. 0, or -errno; -EINVAL: they are one. */
int ledger_init(struct ledger *ledger, const char *state, const char *from, const char *to);

/* Read it. identity: the destination's, {0} if there is none. 1; 0: nothing was ever converted, as
 * far as is known; or -errno. */
int ledger_open(struct ledger *ledger, struct identity identity);

/* Begin one, without rows, on disk, in place of one that is not believed. 0 or -errno. */
int ledger_begin(struct ledger *ledger, struct identity identity);

/* Add rows, on disk. 0 or -errno. */
int ledger_add(struct ledger *ledger, const uint8_t (*digests)[SHA256_DIGEST_LENGTH], size_t len);

void ledger_close(struct ledger *ledger);

#endif

/*
 * agent_tickets - the file in which all agents of a host share one secret that changes every few
 * hours: out of it come the keys of TLS session tickets.
 */
#ifndef AGENT_AGENT_TICKETS_H
#define AGENT_AGENT_TICKETS_H

#include "base/hmac.h"

#include <stdint.h>

/*
 * How long a secret lives: as long as the tickets that GnuTLS makes with it, so that a longer life
 * would let nobody resume more. Whoever steals one can resume what its tickets were given for, but
 * read nothing that was recorded: they are TLS 1.3's, and resumed sessions have new keys
 * (RFC 8446 section 2.2, psk_dhe_ke).
 */
#define AGENT_TICKETS_SECONDS 21600

/*
 * Read the secret at path; where there is none, or it is older than it may be at `now` (seconds of
 * CLOCK_REALTIME), make a new one, once for all agents. Whatever lies at path and can't be ours is
 * replaced, and note(context, text) is told. 0; -EOPNOTSUPP: the file would lie on a disk, where
 * secrets stay behind; or another -errno. Wipe the secret after use.
 */
int agent_tickets_read(const char *path, int64_t now, unsigned char secret[static HMAC_KEY_SIZE],
	void (*note)(void *context, const char *text), void *context);

#endif

/*
 * uidl_base - what X-IMAPbase said, for when it is gone: it stands in the mailbox's first message,
 * which somebody will remove, and the ids of all others are made with it.
 *
 * It is kept in <state>/<mailbox>.uidvalidity, a line "<validity> <last>". Without it messages lose
 * their Dovecot's ids and have hashes instead, and no mail is lost.
 */
#ifndef SPOOL_UIDL_BASE_H
#define SPOOL_UIDL_BASE_H

#include "mbox_table.h"

/* Before a scan of the mailbox at `path`: the table's uidls are place->uidl and what was kept. */
void uidl_base_begin(struct mbox_table *table, const struct spool_place *place, const char *path);

/* Behind it: keep what is new. If that fails place->note is told. */
void uidl_base_end(
	const struct mbox_table *table, const struct spool_place *place, const char *path);

#endif

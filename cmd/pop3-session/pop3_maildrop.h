/*
 * pop3_maildrop - the maildrop of a session: the agent's table of messages (their number at once,
 * its entries when somebody asks for them), and which of them are marked as deleted. Numbers count
 * from 1 and never shift (RFC 1939 section 5). Takes bytes, not sockets.
 */
#ifndef POP3_MAILDROP_H
#define POP3_MAILDROP_H

#include "agent/agent_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pop3_maildrop {
	struct agent_maildrop table;
	unsigned char *marks; /* number n: marks[(n - 1) / 8] & 1 << (n - 1) % 8; as agent_update()
				 takes it */
	size_t marked;
	uint64_t marked_octets;
};

/* Take over the table: no message is marked. 0 or -ENOMEM; then the table stays the caller's. */
int pop3_maildrop_init(struct pop3_maildrop *drop, const struct agent_maildrop *table);
void pop3_maildrop_done(struct pop3_maildrop *drop);

/*
 * The message that an argument names, by strict number: 0 and *number. -EINVAL: that is no number;
 * -ERANGE: there never was such a message; -ENOENT: it is marked as deleted.
 */
int pop3_maildrop_find(
	const struct pop3_maildrop *drop, const char *text, size_t len, size_t *number);

/* number: 1 to table.count, for these three. The first and the last need the table's entries. */
const struct agent_entry *pop3_maildrop_entry(const struct pop3_maildrop *drop, size_t number);
bool pop3_maildrop_is_marked(const struct pop3_maildrop *drop, size_t number);
void pop3_maildrop_mark(struct pop3_maildrop *drop, size_t number); /* one that is not marked */

void pop3_maildrop_unmark_all(struct pop3_maildrop *drop);

/* What is not marked as deleted (RFC 1939 section 5, STAT). */
size_t pop3_maildrop_count(const struct pop3_maildrop *drop);
uint64_t pop3_maildrop_octets(const struct pop3_maildrop *drop);

#endif

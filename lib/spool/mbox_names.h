/*
 * mbox_names - a hash table of unique-ids: a few numbers for each.
 *
 * Whoever sends mail may choose what some kinds of unique-id are made of. So the hash is keyed,
 * with a key that nobody else knows: no choice of them makes the table slow.
 */
#ifndef SPOOL_MBOX_NAMES_H
#define SPOOL_MBOX_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct mbox_name {
	const char *text;  /* not NUL-terminated; NULL: this place is free */
	uint32_t tag;      /* of its hash, and its length */
	uint32_t value[3]; /* the caller's; 0 at first */
};

struct mbox_names {
	struct mbox_name *at;
	size_t cap; /* a power of two */
	size_t used;
	uint64_t key[2];
};

/* For about so many names; it grows if there are more. 0 or -ENOMEM. */
int mbox_names_init(struct mbox_names *names, size_t expected);
void mbox_names_done(struct mbox_names *names);

/* The entry of text[0..len), len < 256, which is added if there is none. Only the pointer is kept:
 * these octets must stay. Valid until another one is added; NULL: no memory to add it. */
struct mbox_name *mbox_names_get(struct mbox_names *names, const char *text, size_t len);

#endif

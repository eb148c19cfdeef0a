/*
 * adopt - a mailbox takes over messages of another one, with all that was known of them there.
 *
 * What a store offers for that: its name's "adopter". The caller has the session lock.
 */
#ifndef SPOOL_ADOPT_H
#define SPOOL_ADOPT_H

#include "facts.h"
#include "identity.h"
#include "spool.h"

#include <time.h>

/* What a mailbox notes of a message outside of its octets. */
struct marks {
	bool has_flags; /* or else they are in the message's header */
	unsigned flags; /* flags.h */
	time_t when;    /* when it came; -1: nobody knows */
};

struct adoption {
	const struct spool_extent *extent; /* where it lies */
	const struct facts *facts;
	struct marks marks;
	const char *uidl; /* what its clients know it as */
	/* Its place in the order: no message that is adopted later has the same or a smaller one.
	 */
	uint64_t seconds;
	unsigned microseconds;
};

struct adopter {
	/* Open the mailbox, which is made, on disk, if there is none. */
	int (*open)(
		void **context, const struct spool_place *place, const char *path, struct why *why);
	/* The file or folder that is the mailbox. */
	struct identity (*identity)(const void *context);
	/* When it returns 0 the message is in the mailbox, whole; and once settle() does, on disk.
	 */
	int (*adopt)(void *context, const struct adoption *adoption, struct why *why);
	int (*settle)(void *context, struct why *why);
	void (*close)(void *context);
};

extern const struct adopter mbox_adopter;    /* mbox_adopt.c */
extern const struct adopter maildir_adopter; /* maildir_adopt.c */

#endif

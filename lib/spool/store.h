/*
 * store - what a kind of mailbox does for spool.c. One table per kind; spool.c picks by the
 * location's prefix and holds the session lock, the store does all the rest. The functions are
 * those of spool.h with the location's path and the store's own box in place of the spool.
 */
#ifndef SPOOL_STORE_H
#define SPOOL_STORE_H

#include "adopt.h"
#include "base/why.h"
#include "spool.h"

struct incoming;

struct store {
	const char *prefix; /* "mbox:", "maildir:" */
	int (*deliver)(const struct spool_place *place, const char *path,
		const struct incoming *incoming, struct why *why);
	/* `place` outlives the box. */
	int (*open)(void **box, const struct spool_place *place, const char *path, struct why *why);
	size_t (*count)(const void *box);
	uint64_t (*octets)(const void *box);
	const struct spool_message *(*message)(void *box, size_t n);
	int (*fetch)(void *box, size_t n, struct spool_extent *extent, struct why *why);
	/* Behind a fetch of n - 1, and of *first: spool_fetch_run(). NULL: each message is a file.
	 */
	bool (*fetch_next)(
		void *box, size_t n, const struct spool_extent *first, struct spool_extent *next);
	/* What is noted of message n, which lies where fetch() has just said. */
	int (*marks)(void *box, size_t n, const struct spool_extent *extent, struct marks *marks);
	const struct adopter *adopter;
	/* At least one bit is set. */
	int (*update)(void *box, const unsigned char *bitmap, struct why *why);
	void (*close)(void *box);
	int (*inspect)(const struct spool_place *place, const char *path,
		const struct spool_inspector *inspector, struct spool_report *report,
		struct why *why);
	int (*repair)(const struct spool_place *place, const char *path,
		const struct spool_inspector *inspector, struct spool_report *report,
		struct why *why);
};

extern const struct store store_mbox;    /* mbox_store.c */
extern const struct store store_maildir; /* maildir_store.c */

#endif

/*
 * mbox_index - what a scan has found, kept under spool_place.cache, so that the next one need not
 * read the mailbox.
 *
 * It is a cache and nothing else. It may be deleted at any time, and whatever is in it, a scan is
 * the worst that it can cost: mbox_index.c argues why. Only whoever has the session lock reads and
 * writes it.
 */
#ifndef SPOOL_MBOX_INDEX_H
#define SPOOL_MBOX_INDEX_H

#include "mbox.h"
#include "mbox_table.h"

struct mbox_index_head {
	uint64_t magic;
	uint64_t uidl; /* enum spool_uidl */
	uint64_t count;
	uint64_t is_seen;   /* see mbox_list.h */
	uint64_t is_unique; /* no UIDL is there twice: there is nothing to number */
	uint64_t first;     /* offset of the first message's From_ line */
	uint64_t ino;       /* the mailbox: a device's number may be another one after a restart */
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
	int64_t generation;      /* see generation.h */
	int64_t boot;            /* see note.h */
	unsigned char begin[32]; /* hashes of its first and its last block */
	unsigned char end[32];
	uint64_t rows_len;
	uint64_t rows_sum;
	uint64_t sum; /* of all before it */
};

struct mbox_index {
	struct mbox_index_head head;
	unsigned char *rows; /* as they are in the file, and as they should be: checked */
	uint64_t octets;     /* of all messages, as sent */
};

/* Read the mailbox's index; `name`: state_file_name(). False: there is none that could be used.
 * After true: mbox_index_done(). */
bool mbox_index_read(struct mbox_index *index, const struct spool_place *place, const char *name);

/* Fill the table, which has head.count messages of zeros. Its UIDLs are not numbered. */
void mbox_index_table(const struct mbox_index *index, struct mbox_table *table);

void mbox_index_done(struct mbox_index *index);

/* There will be none: the mailbox gets another content. */
void mbox_index_drop(const struct spool_place *place, const char *name);

/* Is the mailbox, whose state is `st`, still what the index is about? */
bool mbox_index_is_current(const struct mbox_index *index, const struct stat *st);

/* Has the locked mailbox only grown since, as far as can be seen without reading it? */
bool mbox_index_is_begin(const struct mbox_index *index, const struct mbox *mbox);

/*
 * Keep the table, which is what a scan of the locked mailbox finds; mbox->st is its state, and not
 * young. `old` is what mbox_index_read() had, or NULL: only what is different is written. Failure
 * is not told: then there is none.
 */
struct mbox_index_kind {
	bool is_seen;   /* else it is so as far as is known */
	bool is_unique; /* as in struct mbox_index_head */
};
void mbox_index_write(const struct mbox *mbox, const struct mbox_table *table,
	struct mbox_index_kind kind, const struct mbox_index *old);

#endif

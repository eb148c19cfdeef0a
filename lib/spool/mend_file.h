/*
 * mend_file - the journal of a repair (mend.h): all that the mailbox will have from the first block
 * on that changes, and how to know again what it had. It gets its name only when all of it is on
 * disk.
 */
#ifndef SPOOL_MEND_FILE_H
#define SPOOL_MEND_FILE_H

#include "brim.h"
#include "mbox.h"
#include "mend_plan.h"

#define MEND_PIECE (64UL * 1024) /* octets that are read or written at once */

struct mend_head {
	uint64_t magic;
	uint64_t ino;      /* a device's number may be another one after a restart */
	uint64_t start;    /* all before it stays; on a block's border */
	uint64_t old_size; /* of the mailbox before, and after */
	uint64_t new_size;
	uint64_t ghost[BRIM_SECTORS]; /* of what is cut off, if the mailbox shrinks: brim.h */
	uint64_t text_sum;            /* of what the mailbox has from start on */
	uint64_t sums_sum;            /* of the sums */
	uint64_t sum;                 /* of all before it */
};

struct mend_file {
	const struct mbox *mbox;
	int fd;
	struct mend_head head;
	uint64_t *sums; /* of each sector of the old mailbox that is written over */
	char path[PATH_MAX];
};

/* A journal for this mailbox, still empty. 0 or -errno. */
int mend_file_init(struct mend_file *file, const struct mbox *mbox);

/* Put the plan's new mailbox into it, on disk. 0 or -errno: then there is none. */
int mend_file_create(struct mend_file *file, const struct mend_plan *plan);

/* Put into it, in place of `old`, what that one has and behind it what the mailbox, whose size is
 * `size`, has from offset `from` on. 0 or -errno: then `old` is still there. */
int mend_file_create_again(
	struct mend_file *file, const struct mend_file *old, uint64_t from, uint64_t size);

/* Read it. -ENOENT: there is none; -EBADMSG: damaged; or another -errno. */
int mend_file_load(struct mend_file *file);

/* Read len octets of the new mailbox at this offset of it. 0 or -errno. */
int mend_file_read(const struct mend_file *file, uint64_t offset, char *text, size_t len);

/* Where what is written over ends. */
uint64_t mend_file_limit(const struct mend_file *file);

/* What is cut off, if the mailbox shrinks, is known again by what lies up to this offset: it is
 * overwritten as soon as anybody appends. */
uint64_t mend_file_ghost_end(const struct mend_file *file);

/* It is no longer needed. 0 or -errno. */
int mend_file_remove(const struct mend_file *file);

/* Memory and fd. */
void mend_file_done(struct mend_file *file);

#endif

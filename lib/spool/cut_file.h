/*
 * cut_file - a plan (cut_plan.h) on disk: the journal of a removal that cuts blocks out. It gets
 * its name only when all of it is on disk.
 */
#ifndef SPOOL_CUT_FILE_H
#define SPOOL_CUT_FILE_H

#include "brim.h"
#include "cut_plan.h"

#include <limits.h>

struct cut_head {
	uint64_t magic;
	uint64_t ino;
	uint64_t size; /* as in struct cut_plan, and so on */
	uint64_t end;
	uint64_t count;
	uint64_t lines_len;
	uint64_t unit;          /* disk_cut_unit() */
	unsigned char tail[32]; /* these: see cut_check.h */
	uint64_t brim[BRIM_SECTORS];
	unsigned char rest[32];
	uint64_t sum; /* of all before it, the cuts and the lines */
};

struct cut_file {
	const struct mbox *mbox;
	int fd;
	struct cut_plan plan;
	struct cut_head head;
	char path[PATH_MAX];
};

/* A journal for this mailbox, still without a plan. 0 or -errno. */
int cut_file_init(struct cut_file *file, const struct mbox *mbox);

/* Put file->plan and the head's hashes on disk, in place of a journal that is there already. 0 or
 * -errno. */
int cut_file_create(struct cut_file *file);

/* Read it. -ENOENT: there is none; -EBADMSG: damaged; or another -errno. */
int cut_file_load(struct cut_file *file);

/* It is no longer needed. 0 or -errno. */
int cut_file_remove(const struct cut_file *file);

/* Memory and fd. */
void cut_file_done(struct cut_file *file);

#endif

/*
 * maildir_write - a message's file in tmp, where no reader looks, until it is whole and on disk.
 *
 * begin, put in pieces of any size, finish; then its sizes are known and it gets its name by
 * maildir_move(). In the end maildir_write_done(), which removes a file that still is in tmp.
 */
#ifndef SPOOL_MAILDIR_WRITE_H
#define SPOOL_MAILDIR_WRITE_H

#include "maildir.h"
#include "wire.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define MAILDIR_WRITE_BUFFER (256UL * 1024)

struct maildir_write {
	const struct maildir *maildir;
	int fd;
	char name[NAME_MAX + 1]; /* in tmp; "" once it has another */
	int error;               /* of writing, not of what it is asked to write */
	struct wire wire;
	uint64_t size;
	size_t len;
	char buffer[MAILDIR_WRITE_BUFFER];
};

/* 0 or -errno. */
int maildir_write_begin(struct maildir_write *write, const struct maildir *maildir);

/* An encode_sink (encode.h), or a taker of extent.h. */
int maildir_write_put(void *context, const char *text, size_t len);

/* All of it is written, to the disk. *when: its modification time, or NULL. */
int maildir_write_finish(struct maildir_write *write, const time_t *when);

/* It becomes `name` in this folder: 0, -EEXIST, or another -errno. */
int maildir_write_name(struct maildir_write *write, enum maildir_folder folder, const char *name);

void maildir_write_done(struct maildir_write *write);

#endif

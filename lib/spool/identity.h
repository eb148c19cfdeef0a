/*
 * identity - is it still the file or folder that it was, and not another one under its name?
 *
 * An inode's number alone does not tell: ext4 gives that of what was just removed to what is made
 * next.
 */
#ifndef SPOOL_IDENTITY_H
#define SPOOL_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct identity {
	uint64_t inode;   /* 0: there is none */
	int64_t birth_ns; /* since 1970; 0 where the file system does not keep it */
};

/* Of what is open. {0} if that can't be told. */
struct identity identity_of(int fd);

/* Of what has this name; a link is not followed. {0}: nothing has, or that can't be told. */
struct identity identity_of_path(const char *path);

bool identity_is_same(struct identity a, struct identity b);

#endif

/*
 * maildir - one Maildir, open: what the maildir_*.c share.
 *
 * No lock is ever taken on it: a message is a file that gets its name when it is whole and keeps
 * its octets for good, so any number of programs on any number of hosts may deliver into it, mark,
 * move and remove at the same time. The folders are held open: what another program puts in their
 * place is not looked at.
 */
#ifndef SPOOL_MAILDIR_H
#define SPOOL_MAILDIR_H

#include "base/why.h"
#include "spool.h"

#include <stdbool.h>
#include <sys/stat.h>

enum maildir_folder { MAILDIR_NEW, MAILDIR_CUR, MAILDIR_TMP, MAILDIR_FOLDERS };

struct incoming;

struct maildir {
	const struct spool_place *place;
	const char *path;
	int root;
	int folder[MAILDIR_FOLDERS];
};

/*
 * maildir_open.c: open the folders. Each must be a folder, not a link to one, and the owner's; of
 * new, cur and tmp one that is missing is made. -ENOENT with *why untouched: there is no such
 * Maildir.
 */
int maildir_open(struct maildir *maildir, const struct spool_place *place, const char *path,
	struct why *why);

/* As maildir_open(), but nothing is made: the fd of a folder that is missing is negative. */
int maildir_look(struct maildir *maildir, const struct spool_place *place, const char *path,
	struct why *why);

/* As maildir_open(); a Maildir that does not exist is made, empty. */
int maildir_create(struct maildir *maildir, const struct spool_place *place, const char *path,
	struct why *why);

void maildir_close(struct maildir *maildir);

/* maildir_deliver.c: bring in the message; on disk when it returns. On failure nothing is
 * left. */
int maildir_deliver(
	const struct maildir *maildir, const struct incoming *incoming, struct why *why);

/*
 * maildir_folder.c: call visit() with each name in a folder, but "." and "..", until it returns
 * something else than 0, which is then what this returns. 0, or -errno.
 */
int maildir_each(const struct maildir *maildir, enum maildir_folder folder,
	int (*visit)(void *context, enum maildir_folder folder, const char *name), void *context);

/*
 * Give a file another name in another folder, unless there is one of that name. 0; -EEXIST; or
 * another -errno: then it has the old name alone. Whatever cuts it short, it has one of the two, or
 * both.
 */
int maildir_move(const struct maildir *maildir, enum maildir_folder from, const char *old,
	enum maildir_folder to, const char *new);

/* The names of the Maildir and of its folders are on disk. 0 or -errno. */
int maildir_sync_names(const struct maildir *maildir);

/* How new and cur were at one time: if it is the same later on, no name has come or gone, unless
 * is_young. */
struct maildir_state {
	struct timespec mtime[2];
	struct timespec ctime[2];
	bool is_young; /* changed just before: what comes in the same instant does not show */
};

int maildir_state_get(const struct maildir *maildir, struct maildir_state *state);
bool maildir_state_is_same(const struct maildir_state *then, const struct maildir_state *now);

/* maildir_tmp.c: remove from tmp what nobody has written for a day before `now`. */
void maildir_tmp_clean(const struct maildir *maildir, time_t now);

#endif

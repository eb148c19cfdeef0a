/*
 * mbox - one mailbox file, open and locked: what the mbox_*.c share.
 *
 * struct mbox exists between mbox_lock() and mbox_close(); all that changes the file happens there
 * and nowhere else. No lock is ever held while the caller does something else.
 */
#ifndef SPOOL_MBOX_H
#define SPOOL_MBOX_H

#include "base/why.h"
#include "spool.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

struct incoming;

struct mbox {
	const struct spool_place *place;
	const char *path;
	char name[NAME_MAX + 1]; /* of its files under place->state: state_file_name() */
	int fd;                  /* read and write */
	int folder;              /* the folder that holds it, O_PATH */
	int dotlock;             /* dotlock_prepare_at(); negative: not prepared */
	int note;                /* append_note.h; negative: not open */
	bool locked;             /* by the kernel */
	bool dotlocked;          /* by ourselves */
	bool helped;             /* dotlocked by place->helper */
	bool is_unnoted;         /* mended as after a power cut, and that is not noted yet */
	struct stat st; /* as of mbox_lock(), after recovery; mbox_append() and mbox_remove() leave
			   it */
};

/*
 * mbox_open.c: open the mailbox's path if what is there is fit to be one: a regular file of the
 * owner's with one link. The fd; -ENOENT (*why untouched): there is none; or another -errno with
 * *why filled.
 */
int mbox_open_path(const struct spool_place *place, const char *path, int flags, struct stat *st,
	struct why *why);

/* As mbox_open_path() for O_RDWR; a mailbox that does not exist is made, empty. */
int mbox_create_path(
	const struct spool_place *place, const char *path, struct stat *st, struct why *why);

/* Is this fit to be a mailbox of `owner`'s? 0, or -errno with *why filled. */
int mbox_check(const struct stat *st, uid_t owner, const char *path, struct why *why);

/*
 * mbox_lock.c: open and lock the mailbox, both ways, and mend what a killed process left
 * (mbox_recover()). With `create` it is made if missing; without, -ENOENT with *why untouched. On
 * failure nothing is held.
 */
int mbox_lock(struct mbox *mbox, const struct spool_place *place, const char *path, bool create,
	struct why *why);

/* Give the locks back; the file stays open (for its fsync) until mbox_close(), which unlocks, too.
 */
void mbox_unlock(struct mbox *mbox);
void mbox_close(struct mbox *mbox);

/* mbox_recover.c: finish an interrupted removal, take back an interrupted delivery. Needs the lock.
 */
int mbox_recover(struct mbox *mbox, struct why *why);

/* Note that mbox_recover() has looked thoroughly since the last boot; who delivers notes it anyway.
 */
void mbox_note_looked(struct mbox *mbox);

/*
 * mbox_append.c: append the message. On failure the mailbox is as it was. Not yet on disk:
 * the caller unlocks and calls fsync, so that deliveries to one mailbox share their fsyncs.
 */
int mbox_append(struct mbox *mbox, const struct incoming *incoming, struct why *why);

/* Then the caller is promised something: the octets are on disk. If that fails they stay: others
 * may have delivered behind them by now. */
int mbox_append_sync(const struct mbox *mbox, struct why *why);

/* mbox_deliver.c: lock, append, unlock, fsync. As spool_deliver(). */
int mbox_deliver(const struct spool_place *place, const char *path, const struct incoming *incoming,
	struct why *why);

#endif

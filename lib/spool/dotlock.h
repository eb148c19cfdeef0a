/*
 * dotlock - the lock file MAILBOX.lock that mail programs have agreed on (Debian policy 11.6).
 *
 * For mbox_lock.c, which owns the mailbox, and for a root monitor that does it in a folder where
 * the owner may not write. Both must hold the kernel's lock on the mailbox first: that is what
 * keeps two of us from breaking one stale lock at the same time. The content is "PID\n" and is
 * there as soon as the name is, so that nobody can find a lock whose owner is not yet known.
 *
 * System calls: open (/proc/PID/stat; the kept file), openat, linkat, fstatat, fstat, statx,
 * fcntl, ftruncate, lseek, pread, write, unlinkat, close, kill (signal 0), clock_gettime,
 * getpid, geteuid, uname.
 */
#ifndef SPOOL_DOTLOCK_H
#define SPOOL_DOTLOCK_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Try once to make `lockname` (one path component) in the folder dirfd (O_PATH will do). A stale
 * lock is removed and the try repeated. `mailbox` is the mailbox's own state, which tells whether
 * it has changed lately; may be NULL. 0; -EEXIST: somebody holds it; -EACCES, -EPERM: not allowed
 * to write there, or to remove the stale lock of another user; or another -errno.
 *
 * A lock is stale if it names a process that is gone on this host (no permission to signal it means
 * that it lives) or was started after the lock was made; or, whatever it names, once neither it nor
 * the mailbox has changed for five minutes. Ours never gets so old: what takes long under it, a
 * large removal, changes the mailbox with each piece. What is not a regular file is never stale,
 * nor is what looks like somebody's mailbox.
 */
int dotlock_take_at(int dirfd, const char *lockname, const struct stat *mailbox);

/* Look at it and change nothing. 0: nobody holds it, for it is stale; -EEXIST: somebody does;
 * -ENOENT: there is none. */
int dotlock_look_at(int dirfd, const char *lockname, const struct stat *mailbox);

/* Does the lock name this very process? */
bool dotlock_is_own_at(int dirfd, const char *lockname);

/* Remove the lock if it is the one that this process made. 0, -ENOENT (it is gone), -EPERM (it is
 * another's by now, and stays), or another -errno. */
int dotlock_release_at(int dirfd, const char *lockname);

/*
 * The same in two steps, for who wants to hold the mailbox's other lock no longer than he must: a
 * file without a name there is made first, and only gets content and name while that lock is held.
 * The fd, or negative (then it is all done in the second step); the caller's to close, best when no
 * lock is held any more. Taken again after -EEXIST, but not after it was released. Where the lock
 * was made without it after all it is closed, and -1.
 *
 * `kept`: the path of a file for this mailbox's locks alone, in a folder where only the caller may
 * write. It is made if missing, and stays; each lock is a second name of it. To make a file for
 * each lock, and to forget it, costs a file system more than all else about a small delivery: ext4
 * puts those without a name on a list of orphans, and without a journal looks through all inodes
 * that were freed lately. NULL, or a file on another mount: none is kept.
 */
int dotlock_prepare_at(int dirfd, const char *kept);
int dotlock_take_prepared_at(
	int dirfd, const char *lockname, const struct stat *mailbox, int *prepared);
int dotlock_release_prepared_at(int dirfd, const char *lockname, int prepared);

#endif

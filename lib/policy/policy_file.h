/*
 * policy_file - a file that processes share: opened if it is ours, locked, or put aside if it is
 * no good.
 *
 * The lock is the file's own (flock), so it ends with the processes that have it, however they
 * end, and there is no second file that could be out of step. Only who has the lock may put the
 * file aside; whoever waits for it then finds another file there.
 */
#ifndef POLICY_POLICY_FILE_H
#define POLICY_POLICY_FILE_H

#include <stdint.h>

struct policy_file {
	int folder;       /* open; nobody else may write to it. The caller's */
	const char *name; /* in it */
	int fd;           /* -1: not open */
};

/*
 * Open the file, or make it, empty. -EUCLEAN: what is there is not ours: no regular file, or with
 * another owner, mode or link, or longer than max octets; put it aside. Or another -errno.
 */
int policy_file_open(struct policy_file *file, uint64_t max);

/*
 * Wait for the lock, for so many milliseconds at most; meanwhile SIGALRM and the process's timer
 * (setitimer(2)) are in use. -ETIMEDOUT; -ESTALE: it is not the file there any more, open it again.
 */
int policy_file_lock(const struct policy_file *file, int64_t milliseconds);

/* Give the file the name NAME.bad, which another may have had until now. 0 or -errno. */
int policy_file_put_aside(const struct policy_file *file);

/* Close, which unlocks where no child has it open, too. */
void policy_file_close(struct policy_file *file);

#endif

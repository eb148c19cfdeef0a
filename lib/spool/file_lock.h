/*
 * file_lock - the kernel's lock on a whole open file.
 *
 * It belongs to the open file (F_OFD_SETLK), so that closing some other descriptor of the same file
 * can't drop it, and conflicts with the fcntl locks of other programs as it should. Never waits.
 */
#ifndef SPOOL_FILE_LOCK_H
#define SPOOL_FILE_LOCK_H

/* 0; -EAGAIN: another has it; or another -errno. */
int file_lock_try(int fd);

/* The same for reading, which others may do at once; fd need not be open for writing. */
int file_lock_try_shared(int fd);

void file_lock_release(int fd);

#endif

/*
 * session_lock - one POP3 session per mailbox, without hindering deliveries: a lock of its own on a
 * file in the state folder. The file stays; the lock goes with the process.
 */
#ifndef SPOOL_SESSION_LOCK_H
#define SPOOL_SESSION_LOCK_H

struct why;

#define SESSION_LOCK "session" /* state_file_join()'s suffix */

/* Take it, waiting up to half a second for a session that is just ending. Closing *fd releases it.
 * -EBUSY (WHY_INUSE): another session has it. */
int session_lock_take(const char *state, const char *mailbox, int *fd, struct why *why);

#endif

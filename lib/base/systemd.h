/*
 * sysd - the few things that are asked of systemd.
 *
 * Which sockets were passed libsystemd tells. Linking it costs every start about as much as the
 * whole of libc, so it is loaded by name, here alone, where something was passed.
 *
 * Log lines go to the journal in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), by this
 * module itself: libsystemd sends each line to a path, by a system call that could as well send it
 * to any other, and that a session in its jail must not have. Here the socket is connected before.
 */
#ifndef BASE_SYSTEMD_H
#define BASE_SYSTEMD_H

#include <stdbool.h>

struct iovec;
struct stat;

/* Is this file (fstat of stderr) the stream to the journal that $JOURNAL_STREAM names? */
bool sysd_is_journal(const struct stat *st);

/* Connect to the journal; again costs nothing. The socket stays good when journald is started
 * again: systemd holds its other end. 0 or -errno. */
int sysd_open_journal(void);

/* One entry of so many fields (at most SYSD_FIELDS), "NAME=value" each; a value may hold anything.
 * Quietly nothing where the journal is not open. */
#define SYSD_FIELDS 24
void sysd_journal_send(const struct iovec *fields, int count);

#define SYSD_FIRST_FD 3 /* where passed sockets begin */

/* sd_listen_fds(3): how many sockets were passed to this process, from SYSD_FIRST_FD on; the
 * variables that say so are taken from the environment. Again: the same answer. -ENOENT: it seems
 * that some were, but there is no libsystemd to tell. */
int sysd_listen_fds(void);

#endif

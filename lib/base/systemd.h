/*
 * sysd - the few things that are asked of systemd, in its own formats: the journal's native
 * protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) and passed sockets (sd_listen_fds(3)).
 *
 * Not by libsystemd: loading it costs every start about as much as the whole of libc. And it sends
 * each line to a path, which a session in its jail may not do: here the socket is connected before.
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

/* How many sockets were passed to this process, from SYSD_FIRST_FD on; they are set close-on-exec,
 * and the variables that say so are taken from the environment. Again: the same answer. */
int sysd_listen_fds(void);

#endif

/*
 * sysd - the few things asked of libsystemd, which is loaded only where systemd is there to answer.
 *
 * Linking it costs every start about as much as the whole of libc; under inetd, tcpserver or on a
 * pipe it would be paid for nothing. So this one module loads it by name, and only this one.
 */
#ifndef BASE_SYSTEMD_H
#define BASE_SYSTEMD_H

#include <stdbool.h>

struct iovec;
struct stat;

/* Is this file (fstat of stderr) the stream to the journal that $JOURNAL_STREAM names? */
bool sysd_is_journal(const struct stat *st);

/* Load the library; again costs nothing. 0 or -ENOENT. */
int sysd_load(void);

/* sd_journal_sendv(3); quietly nothing where the library is not loaded. */
void sysd_journal_send(const struct iovec *iov, int count);

/* sd_listen_fds(3) with unset_environment: how many sockets from fd 3 on; 0 where systemd passed
 * none. */
int sysd_listen_fds(void);

#endif

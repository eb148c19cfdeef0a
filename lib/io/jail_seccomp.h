/*
 * jail_seccomp - the system calls that a session may still make: jail_calls.h, compiled to octets
 * for the kernel when Pillarbox is built (jail_filter.c), so that a start pays nothing for it.
 */
#ifndef IO_JAIL_SECCOMP_H
#define IO_JAIL_SECCOMP_H

#include "base/why.h"

#include <stdbool.h>

/* AddressSanitizer needs more calls, and more memory than any limit. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JAIL_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define JAIL_SANITIZED 1
#endif

/* These stand in the compiled programs for fds, which are known only then: of the agent's channel,
 * and of the connection, on which the session writes. */
#define JAIL_CHANNEL    0x4a41494cU
#define JAIL_CONNECTION 0x4a41494dU

struct jail_fds {
	int channel;    /* the only one for recvmsg(2) */
	int connection; /* the only one for shutdown(2), but for the channel */
};

/* Allow INSIDE's calls only, and LOADING's as well if may_load. -ENOSYS: the kernel can't do it. 0
 * or -errno with *why. */
int jail_seccomp_enter(const struct jail_fds *fds, bool may_load, struct why *why);

/* Take LOADING's back. */
int jail_seccomp_seal(struct why *why);

#endif

/*
 * agent_end - make sure that a user's child has ended.
 */
#ifndef AGENT_AGENT_END_H
#define AGENT_AGENT_END_H

#include <sys/types.h>

/* The child is about to end by itself: wait a moment for that. 0: it has ended and is reaped;
 * -ETIMEDOUT, or another -errno: it is still there. */
int agent_end_await(pid_t pid);

/* Kill it, whether it still has this process's user or is uid already, and reap it. 0; -errno: it
 * is still there, and dies as soon as the kernel lets it if that is -ETIMEDOUT. */
int agent_end_kill(pid_t pid, uid_t uid);

#endif

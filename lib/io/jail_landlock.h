/*
 * jail_landlock - shut the file system, TCP ports, abstract sockets and other processes' signals:
 * as much of it as the kernel's Landlock can do.
 */
#ifndef IO_JAIL_LANDLOCK_H
#define IO_JAIL_LANDLOCK_H

#include "base/why.h"

#include <stdbool.h>

/*
 * Nothing can be opened any more, but, if may_load, what is beneath the libraries' directories and
 * module's (may be NULL): read-only. A second call without may_load takes that back. What is open
 * stays so. -ENOSYS: the kernel can't do it. 0 or -errno with *why.
 */
int jail_landlock(bool may_load, const char *module, struct why *why);

#endif

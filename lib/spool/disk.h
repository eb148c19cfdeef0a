/* disk - fsync, ftruncate and fallocate that a signal can't interrupt. 0 or -errno. */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdint.h>

int disk_sync(int fd);

/* Size and content, but not the times. */
int disk_sync_data(int fd);

int disk_truncate(int fd, uint64_t size);

/* Make the file `size` octets large, on blocks that are really there. */
int disk_reserve(int fd, uint64_t size);

#endif

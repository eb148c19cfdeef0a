/* disk - fsync, ftruncate and fallocate that a signal can't interrupt. 0 or -errno. */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdbool.h>
#include <stdint.h>

int disk_sync(int fd);

/* Size and content, but not the times. */
int disk_sync_data(int fd);

/* The name of the file at path: its folder is on disk. One that can't be read can't be opened to be
 * synced: that is none's fault and no error. */
int disk_sync_name(const char *path);

int disk_truncate(int fd, uint64_t size);

/* Make the file `size` octets large, on blocks that are really there. */
int disk_reserve(int fd, uint64_t size);

/* Have blocks for so many octets, holes and what lies behind the end included; size and content
 * stay. Where the file system can't, nothing is done. */
int disk_set_apart(int fd, uint64_t size);

/*
 * Have blocks for [from, from + len) at hand, also behind the file's end, where they don't show.
 * Only a request, and only where it helps and the disk is not nearly full: ext4 else gives a file
 * that is opened anew for each append its blocks one by one, wherever one is free just then, which
 * costs each append and each later reader. (XFS looks ahead by itself.)
 */
void disk_look_ahead(int fd, uint64_t from, uint64_t len);

/* What is cut out of a file must begin and end on this border; 0: nothing can be cut out of this
 * one. */
uint64_t disk_cut_unit(int fd);

/* Take len octets at `at` out of the file: what lay behind them moves down
 * (FALLOC_FL_COLLAPSE_RANGE, fallocate(2)). They may not reach the file's end. */
int disk_cut(int fd, uint64_t at, uint64_t len);

/* Where the file's first hole at or behind `from` begins and ends; [size, size) if there is none. 0
 * or -errno. */
int disk_find_hole(int fd, uint64_t from, uint64_t *begin, uint64_t *end);

#endif

/*
 * brim - the rest of a file's last block, which is zeroed when the file is shortened.
 *
 * To shorten a file is two steps for its file system: what is left of the block that is the last
 * one then is zeroed, sector by sector as a disk writes, and the size is set. A power cut in
 * between leaves the old size, and in each of these sectors zeros or what was there. So each is
 * known by its checksum.
 */
#ifndef SPOOL_BRIM_H
#define SPOOL_BRIM_H

#include <stdint.h>

#define BRIM_SECTOR  512
#define BRIM_SECTORS 128 /* in the largest block there is, 64 KB */

enum brim { BRIM_OTHER, BRIM_WHOLE, BRIM_ZEROED };

/* Where the brim ends of a file that is shortened from `end` to `size` octets, with blocks of
 * `block` octets; it has `sectors` sectors at the most. */
uint64_t brim_end(uint64_t size, uint64_t end, uint64_t block, unsigned sectors);

/* The checksums of the sectors in [from, to), which is a brim; those behind it become 0. 0 or
 * -errno. */
int brim_make(int fd, uint64_t from, uint64_t to, unsigned sectors, uint64_t *sums);

/* What is in [from, to) now: what was there, zeros in some or all of it, or something else. Or
 * -errno. */
int brim_find(int fd, uint64_t from, uint64_t to, const uint64_t *sums);

#endif

/*
 * checksum - was this written to its end? 64 bits at memory speed, against torn writes and not
 * against people: it stands in files that only their owner can write, on this host (host byte
 * order).
 */
#ifndef SPOOL_CHECKSUM_H
#define SPOOL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Go on from `seed`, the sum of what came before (0 at first). */
uint64_t checksum(uint64_t seed, const void *data, size_t len);

/* Another sum, several times as fast: for what is large, and read each time somebody waits. */
uint64_t checksum_large(const void *data, size_t len);

#endif

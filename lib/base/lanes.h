/*
 * lanes - look at 16 octets at once, with the vector extensions that gcc and clang share.
 *
 * What mail is made of is copied and counted by the gigabyte, and stops at octets that are not
 * known beforehand; left to themselves compilers vectorize no loop that ends early. Any amd64 and
 * arm64 has vectors of this size; elsewhere the compiler makes plain code of them.
 */
#ifndef BASE_LANES_H
#define BASE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 16UL

typedef unsigned char lanes __attribute__((vector_size(LANES)));

static inline lanes lanes_load(const char *at)
{
	lanes out;

	memcpy(&out, at, sizeof(out));
	return out;
}

static inline void lanes_store(char *at, lanes octets)
{
	memcpy(at, &octets, sizeof(octets));
}

/* 0xff in each lane that holds c, 0 in the others. */
static inline lanes lanes_where(lanes octets, char c)
{
	return (lanes)(octets == (lanes){0} + (unsigned char)c);
}

static inline bool lanes_any(lanes set)
{
	uint64_t halves[2];

	memcpy(halves, &set, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/* The first of eight octets that is not 0; there is one. */
static inline size_t lanes_first_of_half(uint64_t half)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (size_t)__builtin_ctzll(half) / 8;
#else
	return (size_t)__builtin_clzll(half) / 8;
#endif
}

/* The first lane that is set, or LANES. */
static inline size_t lanes_first(lanes set)
{
	uint64_t halves[2];

	memcpy(halves, &set, sizeof(halves));
	if (halves[0])
		return lanes_first_of_half(halves[0]);
	return halves[1] ? LANES / 2 + lanes_first_of_half(halves[1]) : LANES;
}

#endif

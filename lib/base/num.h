/*
 * num - strict numbers. Nothing is skipped, guessed or wrapped: digits and nothing else, within
 * bounds, or an error. Source of the rules: RFC 1939 section 3 (message numbers are base 10) and
 * the wish that "1x", "+1", " 1" and 2^64+1 never mean 1.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* The decimal number that is the whole of text[0..len). -EINVAL: not a number; -ERANGE: above max.
 */
int num_parse(const char *text, size_t len, uint64_t max, uint64_t *out);

/* As num_parse() on a string, with one optional suffix K, M or G (powers of 1024): octets. */
int num_parse_size(const char *text, uint64_t max, uint64_t *out);

/* As num_parse() on a string, with one optional suffix s, m, h or d: seconds. */
int num_parse_seconds(const char *text, uint64_t max, uint64_t *out);

#endif

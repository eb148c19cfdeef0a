/*
 * policy_source - where attempts come from, as it is counted: one IPv4 address, or one IPv6 /64,
 * since whoever has one address of a /64 has all of them (RFC 6177 section 2).
 */
#ifndef POLICY_POLICY_SOURCE_H
#define POLICY_POLICY_SOURCE_H

#include <stdbool.h>

#define POLICY_SOURCE_SIZE 9 /* octets: 4 or 6, then the address or its first half */

/* remote: a numeric address; an IPv4-mapped one (RFC 4291 section 2.5.5.2) is the IPv4 address.
 * false, and all zero: it is none ("local", a pipe). */
bool policy_source_parse(const char *remote, unsigned char out[static POLICY_SOURCE_SIZE]);

#endif

/* checksum - see checksum.h. Multiply and rotate, a word at a time. */
#include "checksum.h"

#include <string.h>

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio, odd: no bit is lost */
	return sum << 29 | sum >> 35;
}

uint64_t checksum(uint64_t seed, const void *data, size_t len)
{
	const unsigned char *at = data;
	uint64_t sum = mix(seed, len + 1);
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = mix(sum, word);
	}
	word = 0;
	memcpy(&word, at, len);
	return mix(sum, word);
}

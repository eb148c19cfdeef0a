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

/* Each step waits for the one before it: four sums side by side wait together. */
uint64_t checksum_large(const void *data, size_t len)
{
	const unsigned char *at = data;
	uint64_t sums[4] = {len, 1, 2, 3};
	uint64_t words[4];

	for (; len >= sizeof(words); len -= sizeof(words), at += sizeof(words)) {
		memcpy(words, at, sizeof(words));
		sums[0] = mix(sums[0], words[0]);
		sums[1] = mix(sums[1], words[1]);
		sums[2] = mix(sums[2], words[2]);
		sums[3] = mix(sums[3], words[3]);
	}
	return checksum(checksum(0, sums, sizeof(sums)), at, len);
}

/* mbox_names - see mbox_names.h. Open addressing, at most three quarters full. */
#include "mbox_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define CAP_MIN 64

/* Where there is no randomness a key that is hard to guess must do. */
static void make_key(uint64_t key[static 2])
{
	struct timespec now;

	if (getrandom(key, 2 * sizeof(*key), GRND_NONBLOCK) == (ssize_t)(2 * sizeof(*key)))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	key[0] = (uint64_t)(uintptr_t)key;
	key[1] = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec;
}

int mbox_names_init(struct mbox_names *names, size_t expected)
{
	*names = (struct mbox_names){.cap = CAP_MIN};
	while (names->cap / 4 * 3 < expected)
		names->cap *= 2;
	names->at = calloc(names->cap, sizeof(*names->at));
	make_key(names->key);
	return names->at ? 0 : -ENOMEM;
}

void mbox_names_done(struct mbox_names *names)
{
	free(names->at);
	*names = (struct mbox_names){0};
}

static uint64_t rotate(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

static void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[static 4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), but with words in
 * the host's order: it never leaves this table. */
static uint64_t sip_hash(const uint64_t key[static 2], const char *text, size_t len)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
	uint64_t word;
	size_t at = 0;

	for (; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	memcpy(&word, text + at, len - at);
	sip_word(v, word ^ (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Its place, or the free one where it belongs. */
static struct mbox_name *find(
	const struct mbox_names *names, uint64_t hash, uint32_t tag, const char *text)
{
	for (size_t at = (size_t)hash;; at++) {
		struct mbox_name *name = &names->at[at & (names->cap - 1)];

		if (!name->text || (name->tag == tag && memcmp(name->text, text, tag & 0xff) == 0))
			return name;
	}
}

static int grow(struct mbox_names *names)
{
	struct mbox_names larger = *names;

	larger.cap *= 2;
	larger.at = calloc(larger.cap, sizeof(*larger.at));
	if (!larger.at)
		return -ENOMEM;
	for (size_t i = 0; i < names->cap; i++) {
		const struct mbox_name *name = &names->at[i];

		if (name->text)
			*find(&larger, sip_hash(names->key, name->text, name->tag & 0xff),
				name->tag, name->text) = *name;
	}
	free(names->at);
	*names = larger;
	return 0;
}

struct mbox_name *mbox_names_get(struct mbox_names *names, const char *text, size_t len)
{
	uint64_t hash = sip_hash(names->key, text, len);
	uint32_t tag = ((uint32_t)(hash >> 32) & ~0xffu) | (uint32_t)len;
	struct mbox_name *name = find(names, hash, tag, text);

	if (name->text)
		return name;
	if (names->used >= names->cap / 4 * 3) {
		if (grow(names) < 0)
			return NULL;
		name = find(names, hash, tag, text);
	}
	*name = (struct mbox_name){.text = text, .tag = tag};
	names->used++;
	return name;
}

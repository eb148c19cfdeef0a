/* tally - see tally.h: sorted when it is first asked. */
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void tally_init(struct tally *tally)
{
	*tally = (struct tally){0};
}

void tally_done(struct tally *tally)
{
	free(tally->at);
	tally_init(tally);
}

int tally_add(struct tally *tally, const uint8_t *digest, size_t number)
{
	if (tally->len == tally->cap) {
		size_t cap = tally->cap ? tally->cap * 2 : 64;
		struct tally_row *at = reallocarray(tally->at, cap, sizeof(*at));

		if (!at)
			return -ENOMEM;
		tally->at = at;
		tally->cap = cap;
	}
	memcpy(tally->at[tally->len].digest, digest, SHA256_DIGEST_LENGTH);
	tally->at[tally->len++].number = number;
	tally->is_sorted = false;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct tally_row *x = a;
	const struct tally_row *y = b;
	int order = memcmp(x->digest, y->digest, SHA256_DIGEST_LENGTH);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void sort(struct tally *tally)
{
	if (tally->len > 0)
		qsort(tally->at, tally->len, sizeof(*tally->at), compare);
	for (size_t i = 0; i < tally->len; i++)
		tally->at[i].taken = 0;
	tally->is_sorted = true;
}

const struct tally_row *tally_take(struct tally *tally, const uint8_t *digest)
{
	size_t low = 0;
	size_t high = tally->len;
	size_t next;

	if (!tally->is_sorted)
		sort(tally);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(tally->at[middle].digest, digest, SHA256_DIGEST_LENGTH) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	next = low < tally->len ? low + tally->at[low].taken : low;
	if (next >= tally->len || memcmp(tally->at[next].digest, digest, SHA256_DIGEST_LENGTH) != 0)
		return NULL;
	tally->at[low].taken++;
	return &tally->at[next];
}

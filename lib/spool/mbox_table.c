/* mbox_table - see mbox_table.h. */
#include "mbox_table.h"

#include "uidl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mbox_table_init(struct mbox_table *table)
{
	*table = (struct mbox_table){0};
}

void mbox_table_done(struct mbox_table *table)
{
	free(table->at);
	mbox_table_init(table);
}

int mbox_table_add(struct mbox_table *table, struct mbox_message **out)
{
	if (table->len == table->cap) {
		size_t cap = table->cap ? table->cap * 2 : 32;
		struct mbox_message *at;

		if (table->len == MBOX_MESSAGES_MAX)
			return -EFBIG;
		at = reallocarray(table->at, cap, sizeof(*at));
		if (!at)
			return -ENOMEM;
		table->at = at;
		table->cap = cap;
	}
	*out = &table->at[table->len++];
	memset(*out, 0, sizeof(**out));
	return 0;
}

uint64_t mbox_table_end(const struct mbox_table *table, size_t n)
{
	return n + 1 < table->len ? table->at[n + 1].from : table->size;
}

static int compare_hash(const struct mbox_message *a, const struct mbox_message *b)
{
	return memcmp(a->seen.uidl, b->seen.uidl, UIDL_HASH_LEN);
}

/* Pointers into one array: for equal hashes the address is the order. */
static int compare(const void *a, const void *b)
{
	const struct mbox_message *const *left = a, *const *right = b;
	int order = compare_hash(*left, *right);

	if (order)
		return order;
	return *left < *right ? -1 : *left > *right;
}

/* The messages sorted by the hash in their UIDL, then by place. NULL: no memory. */
static struct mbox_message **sorted(const struct mbox_table *table)
{
	struct mbox_message **list = calloc(table->len + 1, sizeof(struct mbox_message *));

	if (!list)
		return NULL;
	for (size_t i = 0; i < table->len; i++)
		list[i] = &table->at[i];
	qsort(list, table->len, sizeof(struct mbox_message *), compare);
	return list;
}

int mbox_table_number_uidls(struct mbox_table *table)
{
	struct mbox_message **list = sorted(table);
	size_t first = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 1; i < table->len; i++) {
		if (compare_hash(list[i], list[first]) != 0)
			first = i;
		else
			snprintf(list[i]->seen.uidl + UIDL_HASH_LEN,
				SPOOL_UIDL_SIZE - UIDL_HASH_LEN, "-%zu", i - first + 1);
	}
	free(list);
	return 0;
}

/* The end of the run of equal hashes that begins at list[first]. */
static size_t run_end(struct mbox_message **list, size_t len, size_t first)
{
	size_t end = first;

	while (end < len && compare_hash(list[first], list[end]) == 0)
		end++;
	return end;
}

/*
 * Walk both in the order of their hashes. Of several that are alike, each is taken for the one in
 * the same place among them; but if some of them are gone nobody can say which, and then all of
 * them count as gone: what is shown in the wrong place, or removed, could be one that was never
 * seen.
 */
static void map_sorted(const struct mbox_table *shown, struct mbox_message **old,
	const struct mbox_table *now, struct mbox_message **new, size_t *where)
{
	size_t n = 0;

	for (size_t o = 0; o < shown->len;) {
		size_t old_end = run_end(old, shown->len, o);
		size_t new_end;
		bool found;

		while (n < now->len && compare_hash(new[n], old[o]) < 0)
			n++;
		new_end = n < now->len && compare_hash(new[n], old[o]) == 0
				  ? run_end(new, now->len, n)
				  : n;
		found = new_end - n >= old_end - o;
		for (size_t i = o; i < old_end; i++)
			where[old[i] - shown->at] =
				found ? (size_t)(new[n + i - o] - now->at) : MBOX_GONE;
		o = old_end;
		n = new_end;
	}
}

int mbox_table_map(const struct mbox_table *shown, const struct mbox_table *now, size_t *where)
{
	struct mbox_message **old = sorted(shown);
	struct mbox_message **new = sorted(now);
	int err = old && new ? 0 : -ENOMEM;

	if (!err)
		map_sorted(shown, old, now, new, where);
	free(old);
	free(new);
	return err;
}

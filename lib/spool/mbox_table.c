/* mbox_table - see mbox_table.h. */
#include "mbox_table.h"

#include "uidl.h"

#include <errno.h>
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

/* Pointers into one array: for equal UIDLs the address is the order. */
static int compare(const void *a, const void *b)
{
	const struct mbox_message *const *left = a, *const *right = b;
	int order = strcmp((*left)->seen.uidl, (*right)->seen.uidl);

	if (order)
		return order;
	return *left < *right ? -1 : *left > *right;
}

static int compare_uidl(const void *key, const void *entry)
{
	const struct mbox_message *const *message = entry;

	return strcmp(key, (*message)->seen.uidl);
}

/* The messages sorted by UIDL, then by place. NULL: no memory. */
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
		if (memcmp(list[i]->seen.uidl, list[first]->seen.uidl, UIDL_HASH_LEN) != 0)
			first = i;
		else
			snprintf(list[i]->seen.uidl + UIDL_HASH_LEN,
				SPOOL_UIDL_SIZE - UIDL_HASH_LEN, "-%zu", i - first + 1);
	}
	free(list);
	return 0;
}

int mbox_table_map(const struct mbox_table *shown, const struct mbox_table *now, size_t *where)
{
	struct mbox_message **list = sorted(now);

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < shown->len; i++) {
		struct mbox_message **found = bsearch(shown->at[i].seen.uidl, list, now->len,
			sizeof(struct mbox_message *), compare_uidl);

		where[i] = found ? (size_t)(*found - now->at) : MBOX_GONE;
	}
	free(list);
	return 0;
}

/* mbox_table - see mbox_table.h. */
#include "mbox_table.h"

#include "mbox_names.h"

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

int mbox_table_reserve(struct mbox_table *table, size_t count)
{
	struct mbox_message *at = calloc(count ? count : 1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	table->at = at;
	table->len = count;
	table->cap = count;
	return 0;
}

void mbox_table_drop_first(struct mbox_table *table)
{
	table->len--;
	memmove(table->at, table->at + 1, table->len * sizeof(*table->at));
}

uint64_t mbox_table_end(const struct mbox_table *table, size_t n)
{
	return n + 1 < table->len ? table->at[n + 1].from : table->size;
}

size_t mbox_table_base_len(const struct mbox_message *message)
{
	if (message->uidl_len == 0)
		return strnlen(message->seen.uidl, MBOX_UIDL_MAX);
	return message->uidl_len < MBOX_UIDL_MAX ? message->uidl_len : MBOX_UIDL_MAX;
}

enum { TAKEN, NEXT_NUMBER }; /* of a name: some message has it; what comes behind it next */

/*
 * Somebody has this message's unique-id already: add a number that makes it another one. What a
 * number is added to may itself look like that ("a", "a-2", "a"), so each result is looked up. Each
 * number is tried once: all together takes as many steps as there are messages, whoever has chosen
 * the names.
 */
static int add_number(
	struct mbox_names *names, struct mbox_message *message, struct mbox_name *base)
{
	char *text = message->seen.uidl;
	size_t len = message->uidl_len;
	uint32_t number = base->value[NEXT_NUMBER] ? base->value[NEXT_NUMBER] : 2;
	struct mbox_name *name;

	do {
		int more = snprintf(text + len, SPOOL_UIDL_SIZE - len, "-%u", (unsigned)number++);

		name = mbox_names_get(names, text, len + (size_t)more);
		if (!name)
			return -ENOMEM;
	} while (name->value[TAKEN]);
	name->value[TAKEN] = true;
	mbox_names_get(names, text, len)->value[NEXT_NUMBER] = number;
	return 0;
}

static int number_one(struct mbox_names *names, struct mbox_message *message)
{
	struct mbox_name *name;

	message->uidl_len = (uint8_t)mbox_table_base_len(message);
	message->seen.uidl[message->uidl_len] = '\0';
	name = mbox_names_get(names, message->seen.uidl, message->uidl_len);
	if (!name)
		return -ENOMEM;
	if (name->value[TAKEN])
		return add_number(names, message, name);
	name->value[TAKEN] = true;
	return 0;
}

int mbox_table_number_uidls(struct mbox_table *table)
{
	struct mbox_names names;
	int err = mbox_names_init(&names, table->len);

	for (size_t n = 0; !err && n < table->len; n++)
		err = number_one(&names, &table->at[n]);
	mbox_names_done(&names);
	return err;
}

enum { SHOWN, NOW, FIRST }; /* of a name: how many have it; of those now the first, plus one */

static struct mbox_name *find_name(struct mbox_names *names, const struct mbox_message *message)
{
	return mbox_names_get(names, message->seen.uidl, mbox_table_base_len(message));
}

/* next[n]: of the messages that are like message n the next one, plus one; 0: there is none. */
static int collect_now(struct mbox_names *names, const struct mbox_table *now, uint32_t *next)
{
	for (size_t n = now->len; n-- > 0;) {
		struct mbox_name *name = find_name(names, &now->at[n]);

		if (!name)
			return -ENOMEM;
		next[n] = name->value[FIRST];
		name->value[FIRST] = (uint32_t)n + 1;
		name->value[NOW]++;
	}
	return 0;
}

static int count_shown(struct mbox_names *names, const struct mbox_table *shown)
{
	for (size_t n = 0; n < shown->len; n++) {
		struct mbox_name *name = find_name(names, &shown->at[n]);

		if (!name)
			return -ENOMEM;
		name->value[SHOWN]++;
	}
	return 0;
}

/*
 * Of several that are alike, each is taken for the one in the same place among them; but if some of
 * them are gone nobody can say which, and then all of them count as gone: what is shown in the
 * wrong place, or removed, could be one that was never seen.
 */
static void map_shown(struct mbox_names *names, const struct mbox_table *shown,
	const uint32_t *next, size_t *where)
{
	for (size_t n = 0; n < shown->len; n++) {
		struct mbox_name *name = find_name(names, &shown->at[n]);

		where[n] = MBOX_GONE;
		if (name->value[NOW] < name->value[SHOWN])
			continue;
		where[n] = name->value[FIRST] - 1;
		name->value[FIRST] = next[where[n]];
	}
}

int mbox_table_map(const struct mbox_table *shown, const struct mbox_table *now, size_t *where)
{
	uint32_t *next = calloc(now->len + 1, sizeof(*next));
	struct mbox_names names;
	int err = mbox_names_init(&names, now->len);

	if (!next)
		err = -ENOMEM;
	if (!err)
		err = collect_now(&names, now, next);
	if (!err)
		err = count_shown(&names, shown);
	if (!err)
		map_shown(&names, shown, next, where);
	mbox_names_done(&names);
	free(next);
	return err;
}

/* Unit tests of lib/spool/mbox_table: each message has a unique-id of its own, and keeps it. */
#include "spool/mbox_table.h"

#include "spool/mbox_names.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct mbox_table *table, const char *uidl)
{
	struct mbox_message *row;

	assert_int_equal(mbox_table_add(table, &row), 0);
	assert_true(strlen(uidl) < sizeof(row->seen.uidl));
	strcpy(row->seen.uidl, uidl);
	if (random() % 2) /* as a scan and an index say it */
		row->uidl_len = (uint8_t)strlen(uidl);
}

#define L62 "12345678901234567890123456789012345678901234567890123456789012"

static void names_get_numbers(void **state)
{
	static const char *const names[][2] = {
		{"a", "a"},
		{"b", "b"},
		{"a", "a-2"},
		{"a", "a-3"},
		{"b", "b-2"},
		/* what looks like one that has a number */
		{"b-3", "b-3"},
		{"b", "b-4"},
		{"a-2", "a-2-2"},
		{"a-2", "a-2-3"},
		{"a-2-2", "a-2-2-2"},
		{"a", "a-4"},
		/* what is too long is cut */
		{L62, L62},
		{L62 "abcdefgh", L62 "-2"},
		{L62 "abcdefgi", L62 "-3"},
		{L62 "-2", L62 "-4"},
	};
	struct mbox_table table;

	(void)state;
	mbox_table_init(&table);
	for (size_t n = 0; n < COUNT(names); n++) {
		add(&table, names[n][0]);
		/* Each time another one has come: nothing changes for those in front of it. */
		assert_int_equal(mbox_table_number_uidls(&table), 0);
		for (size_t i = 0; i <= n; i++)
			assert_string_equal(table.at[i].seen.uidl, names[i][1]);
	}
	mbox_table_done(&table);
}

static void random_name(char name[static SPOOL_UIDL_SIZE], unsigned variety)
{
	static const char *const parts[] = {"", "-2", "-3", "-2-2", "x", L62, L62 "y", L62 "-2"};

	snprintf(name, SPOOL_UIDL_SIZE, "%s%s%u", random() % 4 ? "" : parts[random() % 5],
		parts[random() % (long)COUNT(parts)], (unsigned)random() % variety);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void assert_all_differ(const struct mbox_table *table)
{
	const char **list = calloc(table->len + 1, sizeof(*list));

	for (size_t n = 0; n < table->len; n++) {
		list[n] = table->at[n].seen.uidl;
		assert_in_range(strlen(list[n]), 1, 70);
	}
	qsort(list, table->len, sizeof(*list), by_text);
	for (size_t n = 1; n < table->len; n++)
		assert_string_not_equal(list[n - 1], list[n]);
	free(list);
}

static void all_differ(void **state)
{
	struct mbox_table table;

	(void)state;
	srandom(1939);
	for (int i = 0; i < 300; i++) {
		char name[SPOOL_UIDL_SIZE];
		size_t count = (size_t)random() % 200;

		mbox_table_init(&table);
		for (size_t n = 0; n < count; n++) {
			random_name(name, i % 30 + 1);
			add(&table, name);
		}
		assert_int_equal(mbox_table_number_uidls(&table), 0);
		assert_all_differ(&table);
		mbox_table_done(&table);
	}
}

/* Message n of `shown` in `now`, by looking through all of both. */
static size_t find_simply(const struct mbox_table *shown, const struct mbox_table *now,
	char (*bases)[SPOOL_UIDL_SIZE], size_t n)
{
	size_t alike = 0, before = 0, found = 0, where = MBOX_GONE;

	for (size_t i = 0; i < shown->len; i++) {
		alike += strcmp(bases[i], bases[n]) == 0;
		before += i < n && strcmp(bases[i], bases[n]) == 0;
	}
	for (size_t i = 0; i < now->len; i++) {
		if (strcmp(bases[shown->len + i], bases[n]) == 0 && found++ == before)
			where = i;
	}
	return found < alike ? MBOX_GONE : where;
}

static void messages_are_found_again(void **state)
{
	static char bases[400][SPOOL_UIDL_SIZE];

	(void)state;
	srandom(5322);
	for (int i = 0; i < 1000; i++) {
		struct mbox_table tables[2];
		size_t where[200], counts[2], at = 0;

		for (int t = 0; t < 2; t++) {
			counts[t] = (size_t)random() % 60;
			mbox_table_init(&tables[t]);
			for (size_t n = 0; n < counts[t]; n++) {
				random_name(bases[at], i % 30 + 1);
				add(&tables[t], bases[at]);
				bases[at++][MBOX_UIDL_MAX] = '\0';
			}
			/* Rows that nobody has numbered are found as well. */
			if (random() % 4)
				assert_int_equal(mbox_table_number_uidls(&tables[t]), 0);
		}
		assert_int_equal(mbox_table_map(&tables[0], &tables[1], where), 0);
		for (size_t n = 0; n < counts[0]; n++)
			assert_int_equal(where[n], find_simply(&tables[0], &tables[1], bases, n));
		mbox_table_done(&tables[0]);
		mbox_table_done(&tables[1]);
	}
}

/* More names than the table was made for. */
static void names_grow(void **state)
{
	static char texts[5000][8];
	struct mbox_names names;

	(void)state;
	assert_int_equal(mbox_names_init(&names, 1), 0);
	for (unsigned n = 0; n < COUNT(texts); n++) {
		int len = snprintf(texts[n], sizeof(texts[n]), "%u", n);
		struct mbox_name *name = mbox_names_get(&names, texts[n], (size_t)len);

		assert_non_null(name);
		assert_int_equal(name->value[0], 0);
		name->value[0] = n + 1;
	}
	for (unsigned n = 0; n < COUNT(texts); n++)
		assert_int_equal(
			mbox_names_get(&names, texts[n], strlen(texts[n]))->value[0], n + 1);
	assert_int_equal(names.used, COUNT(texts));
	mbox_names_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_get_numbers),
		cmocka_unit_test(all_differ),
		cmocka_unit_test(messages_are_found_again),
		cmocka_unit_test(names_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

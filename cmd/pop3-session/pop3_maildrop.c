/* pop3_maildrop - see pop3_maildrop.h. */
#include "pop3_maildrop.h"

#include "base/num.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t marks_size(size_t count)
{
	return count / 8 + 1;
}

int pop3_maildrop_init(struct pop3_maildrop *drop, const struct agent_maildrop *table)
{
	unsigned char *marks = calloc(marks_size(table->count), 1);

	if (!marks)
		return -ENOMEM;
	*drop = (struct pop3_maildrop){.table = *table, .marks = marks};
	return 0;
}

void pop3_maildrop_done(struct pop3_maildrop *drop)
{
	free(drop->marks);
	agent_maildrop_done(&drop->table);
	*drop = (struct pop3_maildrop){0};
}

int pop3_maildrop_find(
	const struct pop3_maildrop *drop, const char *text, size_t len, size_t *number)
{
	uint64_t value;
	int err = num_parse(text, len, drop->table.count, &value);

	if (err < 0)
		return err;
	if (value == 0)
		return -ERANGE;
	if (pop3_maildrop_is_marked(drop, value))
		return -ENOENT;
	*number = value;
	return 0;
}

const struct agent_entry *pop3_maildrop_entry(const struct pop3_maildrop *drop, size_t number)
{
	return &drop->table.entries[number - 1];
}

bool pop3_maildrop_is_marked(const struct pop3_maildrop *drop, size_t number)
{
	return drop->marks[(number - 1) / 8] & 1 << (number - 1) % 8;
}

void pop3_maildrop_mark(struct pop3_maildrop *drop, size_t number)
{
	drop->marks[(number - 1) / 8] |= (unsigned char)(1 << (number - 1) % 8);
	drop->marked++;
	drop->marked_octets += pop3_maildrop_entry(drop, number)->octets;
}

void pop3_maildrop_unmark_all(struct pop3_maildrop *drop)
{
	memset(drop->marks, 0, marks_size(drop->table.count));
	drop->marked = 0;
	drop->marked_octets = 0;
}

size_t pop3_maildrop_count(const struct pop3_maildrop *drop)
{
	return drop->table.count - drop->marked;
}

uint64_t pop3_maildrop_octets(const struct pop3_maildrop *drop)
{
	return drop->table.octets - drop->marked_octets;
}

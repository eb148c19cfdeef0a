/*
 * maildir_table - see maildir_table.h.
 *
 * readdir() may miss a file that is renamed meanwhile, as other programs do whenever somebody reads
 * a message. So the folders are read again until they are the same afterwards as before, new before
 * cur, for that is the way a message goes; what was found by any of these readings is listed. Where
 * others never rest, the last reading must do: what it missed is in the next session's list.
 */
#include "maildir_table.h"

#include "base/fd.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READINGS 4

struct reading {
	struct maildir_table *table;
	const struct maildir *maildir;
	bool missed; /* a file that was renamed or removed between its name and its size */
};

void maildir_table_init(struct maildir_table *table)
{
	*table = (struct maildir_table){0};
}

void maildir_table_done(struct maildir_table *table)
{
	for (size_t i = 0; i < table->len; i++)
		free(table->at[i].name);
	free(table->at);
	free(table->by_base);
	maildir_table_init(table);
}

static int grow(struct maildir_table *table)
{
	size_t cap = table->cap ? table->cap * 2 : 64;
	struct maildir_message *at;

	if (table->len < table->cap)
		return 0;
	at = reallocarray(table->at, cap, sizeof(*at));
	if (!at)
		return -ENOMEM;
	table->at = at;
	table->cap = cap;
	return 0;
}

static int add(struct maildir_table *table, enum maildir_folder folder, const char *name,
	const struct maildir_name *parsed, const struct stat *st)
{
	char *copy = grow(table) < 0 ? NULL : strdup(name);

	if (!copy)
		return -ENOMEM;
	table->at[table->len++] = (struct maildir_message){
		.parsed = *parsed,
		.name = copy,
		.folder = folder,
		.inode = st->st_ino,
		.stamp.size = (uint64_t)st->st_size,
	};
	return 0;
}

static int take_name(void *context, enum maildir_folder folder, const char *name)
{
	struct reading *reading = context;
	const struct maildir *maildir = reading->maildir;
	struct maildir_name parsed;
	struct stat st;

	if (!maildir_name_parse(name, strlen(name), &parsed))
		return 0;
	if (fstatat(maildir->folder[folder], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		reading->missed |= errno == ENOENT;
		return errno == ENOENT ? 0 : -errno;
	}
	if (S_ISREG(st.st_mode) && st.st_uid == maildir->place->owner)
		return add(reading->table, folder, name, &parsed, &st);
	reading->table->strange += !S_ISDIR(st.st_mode);
	return 0;
}

/* 1: read all of it again. */
static int read_once(struct reading *reading)
{
	struct maildir_table *table = reading->table;
	struct maildir_state now;
	int err = maildir_state_get(reading->maildir, &table->state);

	reading->missed = false;
	table->strange = 0;
	for (int i = MAILDIR_NEW; err == 0 && i <= MAILDIR_CUR; i++)
		err = maildir_each(reading->maildir, (enum maildir_folder)i, take_name, reading);
	if (err == 0)
		err = maildir_state_get(reading->maildir, &now);
	if (err < 0)
		return err;
	return reading->missed || table->state.is_young ||
	       !maildir_state_is_same(&table->state, &now);
}

static int compare_octets(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_base(const struct maildir_message *a, const struct maildir_message *b)
{
	int order = compare_octets(a->name, a->parsed.base_len, b->name, b->parsed.base_len);

	return order ? order : (a->inode > b->inode) - (a->inode < b->inode);
}

/* Of one file's names the one that was found last is behind the others. */
static int compare_found(const void *a, const void *b)
{
	const struct maildir_message *x = *(struct maildir_message *const *)a;
	const struct maildir_message *y = *(struct maildir_message *const *)b;
	int order = compare_base(x, y);

	return order ? order : (x > y) - (x < y);
}

static int compare_time(const void *a, const void *b)
{
	const struct maildir_message *x = a;
	const struct maildir_message *y = b;

	if (x->parsed.seconds != y->parsed.seconds)
		return x->parsed.seconds > y->parsed.seconds ? 1 : -1;
	if (x->parsed.microseconds != y->parsed.microseconds)
		return x->parsed.microseconds > y->parsed.microseconds ? 1 : -1;
	return compare_base(x, y);
}

static bool is_same_base(const struct maildir_message *a, const struct maildir_message *b)
{
	return compare_octets(a->name, a->parsed.base_len, b->name, b->parsed.base_len) == 0;
}

/* Pointers to all of them, sorted. NULL: no memory. */
static struct maildir_message **sort_by_base(struct maildir_table *table)
{
	struct maildir_message **list = calloc(table->len + 1, sizeof(struct maildir_message *));

	for (size_t i = 0; list && i < table->len; i++)
		list[i] = &table->at[i];
	if (list)
		qsort(list, table->len, sizeof(struct maildir_message *), compare_found);
	return list;
}

/* Keep one of each file's names. */
static int drop_doubles(struct maildir_table *table)
{
	struct maildir_message **list = sort_by_base(table);
	size_t kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < table->len; i++)
		list[i]->is_double = compare_base(list[i], list[i + 1]) == 0;
	free(list);
	for (size_t i = 0; i < table->len; i++) {
		if (table->at[i].is_double)
			free(table->at[i].name);
		else
			table->at[kept++] = table->at[i];
	}
	table->len = kept;
	return 0;
}

static int compare_uidl(const void *a, const void *b)
{
	const struct maildir_message *x = *(struct maildir_message *const *)a;
	const struct maildir_message *y = *(struct maildir_message *const *)b;
	int order = strcmp(x->seen.uidl, y->seen.uidl);

	return order ? order : (x > y) - (x < y);
}

/* A unique-id that a name tells may be another message's as well: then it is the first one's. */
static int part_uidls(struct maildir_table *table)
{
	struct maildir_message **list;
	bool is_told = false;

	for (size_t i = 0; i < table->len; i++)
		is_told |= table->at[i].parsed.has_uidl;
	list = is_told ? sort_by_base(table) : NULL;
	if (!list)
		return is_told ? -ENOMEM : 0;
	qsort(list, table->len, sizeof(struct maildir_message *), compare_uidl);
	for (size_t i = 1, first = 0; i < table->len; i++) {
		struct maildir_message *message = list[i];

		if (strcmp(list[first]->seen.uidl, message->seen.uidl) != 0)
			first = i;
		else
			maildir_name_uidl(message->name, message->parsed.base_len, message->inode,
				message->seen.uidl);
	}
	free(list);
	return 0;
}

/* In their order for good, and found by base name. The first of some twins keeps the name's id. */
static int arrange(struct maildir_table *table)
{
	int err = drop_doubles(table);

	if (err)
		return err;
	if (table->len > 0)
		qsort(table->at, table->len, sizeof(*table->at), compare_time);
	table->by_base = sort_by_base(table);
	if (!table->by_base)
		return -ENOMEM;
	for (size_t i = 0; i < table->len; i++) {
		struct maildir_message *message = table->by_base[i];
		bool is_later = i > 0 && is_same_base(table->by_base[i - 1], message);

		if (is_later)
			table->by_base[i - 1]->is_twin = true;
		message->is_twin = is_later;
		maildir_name_uidl(message->name, message->parsed.base_len,
			is_later ? message->inode : 0, message->seen.uidl);
	}
	return part_uidls(table);
}

/*
 * The size that LIST tells. What the name says is believed if the file's size bears it out, else
 * the file is read. It is counted again before it is sent (maildir_message_count()): a name that
 * lies nevertheless makes LIST wrong, never RETR.
 */
static int size_up(struct maildir_table *table, const struct maildir *maildir, size_t n)
{
	struct maildir_message *message = &table->at[n];
	struct stat st;
	int fd;
	int err;

	message->seen.octets = message->parsed.wire;
	if (maildir_name_is_plausible(&message->parsed, message->stamp.size))
		return 0;
	message->seen.octets = message->stamp.size; /* if it can't be read */
	fd = maildir_table_open(table, maildir, n, &st);
	if (fd < 0)
		return fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE ? fd : 0;
	err = maildir_message_count(message, fd, &st);
	if (err == 0)
		message->seen.octets = message->octets;
	fd_close(&fd);
	return err == -ESTALE ? 0 : err;
}

int maildir_table_read(struct maildir_table *table, const struct maildir *maildir)
{
	struct reading reading = {.table = table, .maildir = maildir};
	int err = 1;

	for (int i = 0; err > 0 && i < READINGS; i++)
		err = read_once(&reading);
	if (err < 0)
		return err;
	err = arrange(table);
	for (size_t n = 0; err == 0 && n < table->len; n++)
		err = size_up(table, maildir, n);
	return err;
}

struct maildir_message *maildir_table_find(
	const struct maildir_table *table, const char *base, size_t len, ino_t inode)
{
	size_t low = 0;
	size_t high = table->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct maildir_message *at = table->by_base[middle];
		int order = compare_octets(at->name, at->parsed.base_len, base, len);

		if (order < 0 || (order == 0 && inode && at->inode < inode))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->len)
		return NULL;
	if (compare_octets(table->by_base[low]->name, table->by_base[low]->parsed.base_len, base,
		    len) != 0)
		return NULL;
	return inode && table->by_base[low]->inode != inode ? NULL : table->by_base[low];
}

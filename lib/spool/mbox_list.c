/* mbox_list - see mbox_list.h. */
#include "mbox_list.h"

#include "base/fd.h"
#include "mbox_from.h"
#include "mbox_scan.h"
#include "removal.h"
#include "stamp.h"
#include "uidl_base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void mbox_list_init(struct mbox_list *list)
{
	*list = (struct mbox_list){0};
}

void mbox_list_done(struct mbox_list *list)
{
	mbox_table_done(&list->table);
	mbox_index_done(&list->index);
	mbox_list_init(list);
}

static void take_stamp(struct mbox_list *list, const struct stat *st)
{
	list->stamp = *st;
	list->is_young = stamp_is_young(st);
}

/* 0 or -ENOMEM. */
static int make_room(struct mbox_list *list, const struct mbox_index *index)
{
	list->is_seen = index->head.is_seen;
	return mbox_table_reserve(&list->table, index->head.count);
}

/* What the index says becomes the list. 0 or -ENOMEM. */
static int copy_index(struct mbox_list *list, const struct mbox_index *index)
{
	int err = make_room(list, index);

	if (err)
		return err;
	mbox_index_table(index, &list->table);
	return index->head.is_unique ? 0 : mbox_table_number_uidls(&list->table);
}

/* The same, but the index is used up, and the table filled later if that can be. */
static int take_index(struct mbox_list *list, struct mbox_index *index)
{
	int err = index->head.is_unique ? make_room(list, index) : copy_index(list, index);

	if (err || !index->head.is_unique)
		return err;
	list->index = *index;
	index->rows = NULL;
	return 0;
}

void mbox_list_fill(struct mbox_list *list)
{
	if (!list->index.rows)
		return;
	mbox_index_table(&list->index, &list->table);
	mbox_index_done(&list->index);
}

uint64_t mbox_list_octets(const struct mbox_list *list)
{
	uint64_t octets = 0;

	if (list->index.rows)
		return list->index.octets;
	for (size_t n = 0; n < list->table.len; n++)
		octets += list->table.at[n].seen.octets;
	return octets;
}

bool mbox_list_known(
	struct mbox_list *list, const struct spool_place *place, const char *path, const char *name)
{
	struct mbox_index index;
	struct stat st;
	bool known;
	int fd;

	if (!mbox_index_read(&index, place, name))
		return false;
	fd = mbox_open_path(place, path, O_RDONLY, &st, NULL);
	known = fd >= 0 && mbox_index_is_current(&index, &st) &&
		!removal_is_begun(place->state, name) && take_index(list, &index) == 0;
	fd_close(&fd);
	mbox_index_done(&index);
	if (known)
		list->stamp = st; /* it was old when the index was made */
	else
		mbox_list_done(list);
	return known;
}

int mbox_list_scan(struct mbox_list *list, const struct mbox *mbox, struct why *why)
{
	int err;

	uidl_base_begin(&list->table, mbox->place, mbox->path);
	err = mbox_scan(mbox->fd, (uint64_t)mbox->st.st_size, mbox->path, &list->table, why);
	if (!err)
		uidl_base_end(&list->table, mbox->place, mbox->path);
	take_stamp(list, &mbox->st);
	list->is_seen = true;
	return err;
}

/* Its unique-id as the message itself has it, whatever others of that id are in front of it. */
static bool is_same_uidl(const struct mbox_message *a, const struct mbox_message *b)
{
	size_t len = mbox_table_base_len(a);

	return len == mbox_table_base_len(b) && memcmp(a->seen.uidl, b->seen.uidl, len) == 0;
}

/*
 * What is new is scanned, from the last message on that is known. That must be the same one still:
 * where messages are of one length, and end alike, as a machine's reports are, another one comes to
 * lie in its place when others remove one in front of it, and all between have moved up, too.
 */
static int scan_new(struct mbox_list *list, const struct mbox *mbox, struct why *why)
{
	struct mbox_table *table = &list->table;
	size_t last = table->len - 1;
	struct mbox_message known = table->at[last];
	int err;

	uidl_base_begin(table, mbox->place, mbox->path);
	err = mbox_scan_from(
		mbox->fd, known.from, (uint64_t)mbox->st.st_size, mbox->path, table, why);
	take_stamp(list, &mbox->st);
	list->is_seen = false;
	if (!err && (table->len <= last || !is_same_uidl(&table->at[last], &known))) {
		mbox_table_done(table);
		err = -EBADMSG;
	}
	return err == -EBADMSG ? mbox_list_scan(list, mbox, why) : err;
}

static int update_from(
	struct mbox_list *list, struct mbox_index *index, const struct mbox *mbox, struct why *why)
{
	bool is_current = mbox_index_is_current(index, &mbox->st);
	bool is_begin = !is_current && mbox_index_is_begin(index, mbox);

	if ((is_current || is_begin) && copy_index(list, index) < 0)
		return why_errno(why, ENOMEM, mbox->path, "list messages");
	take_stamp(list, &mbox->st);
	if (is_current)
		return 0;
	return is_begin ? scan_new(list, mbox, why) : mbox_list_scan(list, mbox, why);
}

/* Of the list's messages, or of those that are left of them. */
static struct mbox_index_kind kind_of(const struct mbox_list *list)
{
	struct mbox_index_kind kind = {.is_seen = list->is_seen, .is_unique = true};

	for (size_t n = 0; kind.is_unique && n < list->table.len; n++) {
		const struct mbox_message *message = &list->table.at[n];

		kind.is_unique = message->seen.uidl[message->uidl_len] == '\0';
	}
	return kind;
}

int mbox_list_make(struct mbox_list *list, const struct mbox *mbox, struct why *why)
{
	struct mbox_index index;
	bool had = mbox_index_read(&index, mbox->place, mbox->name);
	int err = had ? update_from(list, &index, mbox, why) : mbox_list_scan(list, mbox, why);

	if (!err && !list->is_young && !(had && mbox_index_is_current(&index, &mbox->st)))
		mbox_index_write(mbox, &list->table, kind_of(list), had ? &index : NULL);
	if (had)
		mbox_index_done(&index);
	if (err)
		mbox_list_done(list);
	return err;
}

void mbox_list_keep(
	const struct mbox_list *list, const struct mbox *mbox, const struct mbox_table *left)
{
	struct mbox now = *mbox;
	struct mbox_index index;
	bool had;

	if (!mbox->place->cache || !stamp_settle(mbox->fd, &now.st) ||
		left->size != (uint64_t)now.st.st_size)
		return;
	had = mbox_index_read(&index, mbox->place, mbox->name);
	mbox_index_write(&now, left, kind_of(list), had ? &index : NULL);
	if (had)
		mbox_index_done(&index);
}

/* Does a From_ line begin at this offset? 1, 0 or -errno. */
static int is_from(int fd, uint64_t offset)
{
	char line[MBOX_FROM_MAX + 1];
	ssize_t len = fd_pread(fd, line, sizeof(line), offset);
	const char *lf;

	if (len < 0)
		return (int)len;
	lf = memchr(line, '\n', (size_t)len);
	return lf && mbox_from_is_line(line, (size_t)(lf - line));
}

int mbox_list_check(const struct mbox_list *list, int fd, size_t n)
{
	uint64_t end = mbox_table_end(&list->table, n);
	int right = n > 0 ? is_from(fd, list->table.at[n].from) : 1;

	if (right == 1 && end < list->table.size)
		right = is_from(fd, end);
	return right;
}

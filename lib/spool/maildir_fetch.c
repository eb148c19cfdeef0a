/*
 * maildir_fetch - a message's file, wherever other programs have moved it since it was listed: from
 * new to cur, or to a name with other flags. It is looked for by its base name.
 */
#include "base/fd.h"
#include "maildir_table.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 3

static int64_t in_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* -ENOENT: no such name, or something else has it now. */
static int open_known(
	const struct maildir_message *message, const struct maildir *maildir, struct stat *st)
{
	int err = 0;
	int fd;

	do {
		fd = openat(maildir->folder[message->folder], message->name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? -ENOENT : -errno;
	if (fstat(fd, st) < 0)
		err = -errno;
	else if (!S_ISREG(st->st_mode) || st->st_uid != maildir->place->owner ||
		 (message->is_twin && st->st_ino != message->inode))
		err = -ENOENT;
	if (err)
		fd_close(&fd);
	return err ? err : fd;
}

struct search {
	struct maildir_table *table;
	const struct maildir *maildir;
};

static struct maildir_message *find_twin(
	const struct search *search, enum maildir_folder folder, const char *name, size_t base_len)
{
	struct stat st;

	if (fstatat(search->maildir->folder[folder], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	return maildir_table_find(search->table, name, base_len, st.st_ino);
}

static int take_name(void *context, enum maildir_folder folder, const char *name)
{
	const struct search *search = context;
	struct maildir_message *message;
	struct maildir_name parsed;
	char *copy;

	if (!maildir_name_parse(name, strlen(name), &parsed))
		return 0;
	message = maildir_table_find(search->table, name, parsed.base_len, 0);
	if (message && message->is_twin)
		message = find_twin(search, folder, name, parsed.base_len);
	if (!message || (message->folder == folder && strcmp(message->name, name) == 0))
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(message->name); /* the base name, by which the table is sorted, is the same */
	message->name = copy;
	message->folder = folder;
	return 0;
}

/* Read all names again, if any has changed. 1: none has. */
static int search_all(struct maildir_table *table, const struct maildir *maildir)
{
	struct search search = {.table = table, .maildir = maildir};
	struct maildir_state now;
	int err = maildir_state_get(maildir, &now);

	if (err < 0)
		return err;
	if (!table->state.is_young && maildir_state_is_same(&table->state, &now))
		return 1;
	table->state = now;
	for (int i = MAILDIR_NEW; err == 0 && i <= MAILDIR_CUR; i++)
		err = maildir_each(maildir, (enum maildir_folder)i, take_name, &search);
	return err;
}

int maildir_table_open(
	struct maildir_table *table, const struct maildir *maildir, size_t n, struct stat *st)
{
	struct maildir_message *message = &table->at[n];
	int fd = open_known(message, maildir, st);

	for (int tries = 0; fd == -ENOENT && tries < TRIES; tries++) {
		int err = search_all(table, maildir);

		if (err < 0)
			return err;
		if (err > 0)
			break;
		fd = open_known(message, maildir, st);
	}
	return fd == -ENOENT ? -ESTALE : fd;
}

static bool is_same_stamp(const struct spool_stamp *a, const struct spool_stamp *b)
{
	return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns;
}

int maildir_message_count(struct maildir_message *message, int fd, const struct stat *st)
{
	struct spool_stamp stamp = {.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = in_ns(&st->st_mtim),
		.ctime_ns = in_ns(&st->st_ctim)};
	int err;

	if (message->is_counted && is_same_stamp(&message->stamp, &stamp))
		return 0;
	err = wire_count(fd, stamp.size, &message->octets);
	if (err)
		return err;
	message->stamp = stamp;
	message->is_counted = true;
	return 0;
}

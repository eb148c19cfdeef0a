/*
 * maildir_table - the messages of a Maildir as they were shown, and where they are now.
 *
 * Shown are the regular files of the owner's in new and cur whose names don't begin with ".", in
 * the order of the times in their names (0 where there is none), then of their base names' octets.
 * Everything else is left alone: folders, links, FIFOs, devices, others' files.
 *
 * Two files of one base name are one message with two names if they are one file (a program that
 * moves by link(2) was cut short), and else two messages that only their inodes tell apart.
 */
#ifndef SPOOL_MAILDIR_TABLE_H
#define SPOOL_MAILDIR_TABLE_H

#include "maildir.h"
#include "maildir_name.h"

struct maildir_message {
	struct spool_message seen;
	struct maildir_name parsed;
	char *name; /* as it was found last, in `folder` */
	enum maildir_folder folder;
	ino_t inode;
	bool is_double;  /* the same file was found once more, later */
	bool is_twin;    /* there is another message of this base name */
	bool is_handed;  /* somebody has got it */
	bool is_counted; /* `octets` is what the file has that `stamp` is of */
	struct spool_stamp stamp;
	uint64_t octets;
};

struct maildir_table {
	struct maildir_message *at;
	size_t len;
	size_t cap;
	size_t strange; /* files that are not the owner's, links, FIFOs, devices */
	struct maildir_message **by_base; /* all of them in the order of base name, inode */
	struct maildir_state state;       /* of the folders, when the names were read last */
};

void maildir_table_init(struct maildir_table *table);
void maildir_table_done(struct maildir_table *table);

/* List the Maildir into a table just initialized. 0 or -errno. */
int maildir_table_read(struct maildir_table *table, const struct maildir *maildir);

/* The message of this base name (and inode, if it is not 0), or NULL. */
struct maildir_message *maildir_table_find(
	const struct maildir_table *table, const char *base, size_t len, ino_t inode);

/* maildir_fetch.c: open message n where it is now, whatever others have renamed it to. *st is of
 * the fd. The fd, -ESTALE: it is gone, or another -errno. */
int maildir_table_open(
	struct maildir_table *table, const struct maildir *maildir, size_t n, struct stat *st);

/* The stamp of a file, and its octets as POP3 sends them, counted once. 0 or -errno. */
int maildir_message_count(struct maildir_message *message, int fd, const struct stat *st);

#endif

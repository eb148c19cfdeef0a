/*
 * mbox_list - the messages of a mailbox as it is now: from the index (mbox_index.h) as far as that
 * goes, else by a scan; and the index kept up to date.
 */
#ifndef SPOOL_MBOX_LIST_H
#define SPOOL_MBOX_LIST_H

#include "mbox.h"
#include "mbox_index.h"
#include "mbox_table.h"

struct mbox_list {
	struct mbox_table table;
	struct mbox_index index; /* with rows: of the table there is but its length, and the rest is
				    in them until mbox_list_fill() */
	struct stat stamp;       /* of the file when this was so */
	bool is_young;           /* what is written to it next may leave the same stamp */
	bool is_seen; /* each message was seen where the table says, by this list or a scan */
};

void mbox_list_init(struct mbox_list *list);
void mbox_list_done(struct mbox_list *list);

/* Fill the empty list from the index alone, without a lock, if the mailbox is what it is about and
 * nothing is to be mended. `name`: state_file_name(). False: that is not so. After true the table
 * may be one that mbox_list_fill() has to fill: most log-ins are by programs that look for new mail
 * and want to know how much there is. */
bool mbox_list_known(struct mbox_list *list, const struct spool_place *place, const char *path,
	const char *name);

/* Before anybody looks at the table's messages. It can't fail, and done again it costs nothing. */
void mbox_list_fill(struct mbox_list *list);

/* Of all messages, as sent; of a table that is not filled, too. */
uint64_t mbox_list_octets(const struct mbox_list *list);

/* Fill the empty list with what is in the locked mailbox. 0, or -errno with *why filled. */
int mbox_list_make(struct mbox_list *list, const struct mbox *mbox, struct why *why);

/* As mbox_list_make(), but nothing is taken from the index. */
int mbox_list_scan(struct mbox_list *list, const struct mbox *mbox, struct why *why);

/* The locked mailbox, whose list this was, was changed by mbox_remove() and has these messages
 * left: the index need not be made anew. */
void mbox_list_keep(
	const struct mbox_list *list, const struct mbox *mbox, const struct mbox_table *left);

/* Does message n of the table begin and end where it says? 1, 0 or -errno. */
int mbox_list_check(const struct mbox_list *list, int fd, size_t n);

#endif

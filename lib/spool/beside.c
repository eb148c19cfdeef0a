/* beside - see beside.h. The mailbox's octets may be anything; the name is made of its path. */
#include "beside.h"

#include "base/fd.h"
#include "disk.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 1000
#define PIECE     (64UL * 1024)

struct writing {
	const struct mbox *mbox;
	int fd;
	char *piece;
};

static int write_octets(struct writing *writing, uint64_t offset, uint64_t len)
{
	int err = 0;

	while (!err && len > 0) {
		size_t part = len < PIECE ? (size_t)len : PIECE;
		ssize_t got = fd_pread(writing->mbox->fd, writing->piece, part, offset);

		if (got < (ssize_t)part)
			return got < 0 ? (int)got : -EIO; /* shrunk under our lock */
		err = fd_write(writing->fd, writing->piece, part);
		offset += part;
		len -= part;
	}
	return err;
}

static int write_line(
	const struct writing *writing, const char *word, uint64_t offset, uint64_t len)
{
	char line[80];
	int octets = snprintf(line, sizeof(line), "%s %llu %llu\n", word,
		(unsigned long long)offset, (unsigned long long)len);

	return fd_write(writing->fd, line, (size_t)octets);
}

static int write_taken(struct writing *writing, const struct mend_edit *edit)
{
	int err =
		write_line(writing, edit->is_zeros ? "zeros" : "taken", edit->offset, edit->taken);

	if (err || edit->is_zeros)
		return err;
	err = write_octets(writing, edit->offset, edit->taken);
	return err ? err : fd_write(writing->fd, "\n", 1);
}

static int write_added(struct writing *writing, const struct mend_edit *edit)
{
	int err = write_line(writing, "added", edit->offset, edit->text_len);

	if (!err)
		err = fd_write(writing->fd, edit->text, edit->text_len);
	return err ? err : fd_write(writing->fd, "\n", 1);
}

/* What it is, for who finds it. A path may hold line ends, too. */
static int write_head(const struct writing *writing, const struct mend_plan *plan)
{
	char head[PATH_MAX + 400];
	int len = snprintf(head, sizeof(head),
		"# What a repair took out of a mailbox, and added to it: see spool(3).\n"
		"# before: %llu octets, after: %llu octets\n# mailbox: ",
		(unsigned long long)plan->size, (unsigned long long)mend_plan_new_size(plan));

	for (const char *at = writing->mbox->path; *at; at++)
		head[len++] = *at >= ' ' && *at != 0x7f ? *at : '?';
	head[len++] = '\n';
	return fd_write(writing->fd, head, (size_t)len);
}

static int write_all(struct writing *writing, const struct mend_plan *plan)
{
	int err = write_head(writing, plan);

	for (size_t i = 0; !err && i < plan->count; i++) {
		if (plan->edits[i].text_len > 0)
			err = write_added(writing, &plan->edits[i]);
		if (!err && plan->edits[i].taken > 0)
			err = write_taken(writing, &plan->edits[i]);
	}
	return err ? err : disk_sync(writing->fd);
}

/* A new file of that name, or of the first one behind it that is free. The fd or -errno. */
static int make(const char *name, char path[static PATH_MAX])
{
	int fd = -EEXIST;

	for (unsigned n = 1; fd == -EEXIST && n <= FILES_MAX; n++) {
		int len = n == 1 ? snprintf(path, PATH_MAX, "%s", name)
				 : snprintf(path, PATH_MAX, "%s.%u", name, n);

		if (len >= PATH_MAX)
			return -ENAMETOOLONG;
		fd = state_file_open(path, O_CREAT | O_EXCL);
	}
	return fd;
}

static int write_file(struct writing *writing, const struct mend_plan *plan, const char *name,
	char path[static PATH_MAX])
{
	int err;

	writing->fd = make(name, path);
	if (writing->fd < 0)
		return writing->fd;
	err = write_all(writing, plan);
	if (!err)
		err = fd_sync_parent(path);
	fd_close(&writing->fd);
	if (err)
		beside_remove(path);
	return err;
}

/* Where people look for it, if the folder is the owner's to make files in and its disk has room. */
static int write_somewhere(
	struct writing *writing, const struct mend_plan *plan, char path[static PATH_MAX])
{
	const struct mbox *mbox = writing->mbox;
	char name[PATH_MAX];
	int len = snprintf(name, sizeof(name), "%s." BESIDE_SUFFIX, mbox->path);
	int err = len < (int)sizeof(name) ? write_file(writing, plan, name, path) : -ENAMETOOLONG;

	if (!err)
		return 0;
	err = state_file_join(mbox->place->state, mbox->name, BESIDE_SUFFIX, name);
	return err ? err : write_file(writing, plan, name, path);
}

int beside_write(const struct mbox *mbox, const struct mend_plan *plan, char path[static PATH_MAX],
	struct why *why)
{
	struct writing writing = {.mbox = mbox, .fd = -1, .piece = malloc(PIECE)};
	int err = writing.piece ? write_somewhere(&writing, plan, path) : -ENOMEM;

	free(writing.piece);
	return err ? why_errno(why, -err, mbox->path, "keep what is to be taken out of it") : 0;
}

void beside_remove(const char *path)
{
	unlink(path);
}

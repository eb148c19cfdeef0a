/* cut_file - see cut_file.h. Trusts what has the right checksum and could be a plan: the folder is
 * its owner's alone. */
#include "cut_file.h"

#include "base/fd.h"
#include "checksum.h"
#include "removal.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC 0x3373747563786270u /* "pbxcuts3" */

static size_t cuts_size(const struct cut_file *file)
{
	return file->head.count * sizeof(struct cut);
}

static uint64_t sum(const struct cut_file *file)
{
	uint64_t sum = checksum(0, &file->head, offsetof(struct cut_head, sum));

	sum = checksum(sum, file->plan.at, cuts_size(file));
	return checksum(sum, file->plan.lines, file->head.lines_len);
}

int cut_file_init(struct cut_file *file, const struct mbox *mbox)
{
	*file = (struct cut_file){.mbox = mbox, .fd = -1};
	return state_file_join(mbox->place->state, mbox->name, REMOVAL_CUT, file->path);
}

static int write_all(const struct cut_file *file)
{
	uint64_t at = sizeof(file->head);
	int err = fd_pwrite(file->fd, &file->head, sizeof(file->head), 0);

	if (!err)
		err = fd_pwrite(file->fd, file->plan.at, cuts_size(file), at);
	at += cuts_size(file);
	if (!err)
		err = fd_pwrite(file->fd, file->plan.lines, file->head.lines_len, at);
	return err;
}

int cut_file_create(struct cut_file *file)
{
	struct cut_head *head = &file->head;
	int err;

	head->magic = MAGIC;
	head->ino = file->mbox->st.st_ino;
	head->unit = file->plan.unit;
	head->size = file->plan.size;
	head->end = file->plan.end;
	head->count = file->plan.count;
	head->lines_len = file->plan.lines_len;
	head->sum = sum(file);
	fd_close(&file->fd);
	file->fd = state_draft_open(file->path);
	if (file->fd < 0)
		return file->fd;
	err = write_all(file);
	if (!err)
		return state_draft_commit(file->path, file->fd);
	state_draft_drop(file->path);
	return err;
}

/* 0; -EBADMSG: the file ends before that; or another -errno. */
static int read_part(const struct cut_file *file, void *out, size_t len, uint64_t at)
{
	ssize_t got = fd_pread(file->fd, out, len, at);

	if (got < 0)
		return (int)got;
	return (size_t)got < len ? -EBADMSG : 0;
}

/* No memory is asked for that the file can't fill. */
static int load_plan(struct cut_file *file, uint64_t size)
{
	const struct cut_head *head = &file->head;
	struct cut_plan *plan = &file->plan;
	int err;

	if (head->count == 0 || head->count > size / sizeof(struct cut) || head->lines_len > size)
		return -EBADMSG;
	plan->at = calloc(head->count, sizeof(*plan->at));
	plan->lines = malloc(head->lines_len + 1);
	if (!plan->at || !plan->lines)
		return -ENOMEM;
	plan->count = head->count;
	plan->lines_len = head->lines_len;
	plan->unit = head->unit;
	plan->size = head->size;
	plan->end = head->end;
	err = read_part(file, plan->at, cuts_size(file), sizeof(*head));
	if (!err)
		err = read_part(
			file, plan->lines, head->lines_len, sizeof(*head) + cuts_size(file));
	return err;
}

static int load(struct cut_file *file)
{
	struct stat st;
	int err;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	err = read_part(file, &file->head, sizeof(file->head), 0);
	if (!err && file->head.magic != MAGIC)
		err = -EBADMSG;
	if (!err)
		err = load_plan(file, (uint64_t)st.st_size);
	if (!err && (file->head.sum != sum(file) || !cut_plan_is_sound(&file->plan)))
		err = -EBADMSG;
	return err;
}

int cut_file_load(struct cut_file *file)
{
	file->fd = state_file_open(file->path, 0);
	return file->fd < 0 ? file->fd : load(file);
}

int cut_file_remove(const struct cut_file *file)
{
	if (unlink(file->path) < 0 && errno != ENOENT)
		return -errno;
	return fd_sync_parent(file->path);
}

void cut_file_done(struct cut_file *file)
{
	fd_close(&file->fd);
	cut_plan_done(&file->plan);
}

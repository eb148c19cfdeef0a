/*
 * maildir_removal_file - the list of what a removal is about to unlink, on disk.
 *
 * It is written under another name, synced, and then renamed, so that under its name it is whole;
 * its checksum is for disks and people that do otherwise.
 */
#include "base/buf.h"
#include "base/fd.h"
#include "checksum.h"
#include "disk.h"
#include "maildir_name.h"
#include "maildir_removal.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC    0x315641454d455252u
#define TEXT_MAX (1UL << 32)

/* Behind it, for each target: its inode, its base name and a NUL. */
struct head {
	uint64_t magic;
	uint64_t count;
	uint64_t size; /* of what is behind it */
	uint64_t sum;  /* of that and the count */
};

static uint64_t sum_of(const struct head *head, const char *text)
{
	return checksum(checksum(0, &head->count, sizeof(head->count)), text, head->size);
}

static int put_target(struct buf *buf, const struct maildir_target *target)
{
	int err = buf_add(buf, &target->inode, sizeof(target->inode));

	return err ? err : buf_add(buf, target->base, strlen(target->base) + 1);
}

static int write_draft(int fd, const struct maildir_removal *removal)
{
	struct head head = {.magic = MAGIC, .count = removal->len};
	struct buf buf;
	int err = 0;

	buf_init(&buf, TEXT_MAX);
	for (size_t i = 0; !err && i < removal->len; i++)
		err = put_target(&buf, &removal->at[i]);
	head.size = buf.len;
	head.sum = sum_of(&head, buf.at);
	if (!err)
		err = fd_write(fd, &head, sizeof(head));
	if (!err)
		err = fd_write(fd, buf.at, buf.len);
	buf_done(&buf);
	return err ? err : disk_sync(fd);
}

/* A draft that is there already is of somebody who was killed. */
static int open_draft(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return state_file_open(path, O_CREAT | O_EXCL);
}

int maildir_removal_write(const struct maildir_removal *removal, const struct maildir *maildir)
{
	const char *state = maildir->place->state;
	char draft[PATH_MAX];
	char path[PATH_MAX];
	int err = state_file_path(state, maildir->path, "removal.new", draft);
	int fd;

	if (!err)
		err = state_file_path(state, maildir->path, "removal", path);
	if (err)
		return err;
	fd = open_draft(draft);
	if (fd < 0)
		return fd;
	err = write_draft(fd, removal);
	if (!err && rename(draft, path) < 0)
		err = -errno;
	fd_close(&fd);
	if (err) {
		unlink(draft);
		return err;
	}
	err = fd_sync_parent(path);
	if (err) /* nothing is unlinked: it must not be found by the next one */
		unlink(path);
	return err;
}

/* The targets in text[0..head->size). */
static int parse(struct maildir_removal *removal, const struct head *head)
{
	size_t at = 0;
	int err = maildir_removal_reserve(removal, head->count);

	for (; !err && removal->len < head->count; removal->len++) {
		struct maildir_target *target = &removal->at[removal->len];
		size_t left = head->size - at;
		size_t len;

		if (left <= sizeof(target->inode))
			return -EBADMSG;
		memcpy(&target->inode, removal->text + at, sizeof(target->inode));
		at += sizeof(target->inode);
		target->base = removal->text + at;
		len = strnlen(target->base, head->size - at);
		if (len == head->size - at || !maildir_name_is_base(target->base, len))
			return -EBADMSG;
		at += len + 1;
	}
	return err ? err : at == head->size ? 0 : -EBADMSG;
}

static int load(struct maildir_removal *removal, int fd)
{
	struct head head;
	struct stat st;
	ssize_t len = fd_pread(fd, &head, sizeof(head), 0);

	if (len < 0)
		return (int)len;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* No memory is asked for that the file can't fill. */
	if ((size_t)len < sizeof(head) || head.magic != MAGIC || !S_ISREG(st.st_mode) ||
		head.size > TEXT_MAX || (uint64_t)st.st_size != sizeof(head) + head.size ||
		head.count > head.size / sizeof(uint64_t))
		return -EBADMSG;
	removal->text = malloc(head.size + 1);
	if (!removal->text)
		return -ENOMEM;
	len = fd_pread(fd, removal->text, head.size, sizeof(head));
	if (len < 0)
		return (int)len;
	if ((size_t)len < head.size || sum_of(&head, removal->text) != head.sum)
		return -EBADMSG;
	return parse(removal, &head);
}

int maildir_removal_load(struct maildir_removal *removal, const struct maildir *maildir)
{
	char path[PATH_MAX];
	int err = state_file_path(maildir->place->state, maildir->path, "removal", path);
	int fd;

	if (err)
		return err;
	fd = state_file_open(path, 0);
	if (fd == -ENOENT) /* nor is a draft worth anything */
		state_draft_drop(path);
	if (fd < 0)
		return fd == -ELOOP ? -EBADMSG : fd;
	err = load(removal, fd);
	fd_close(&fd);
	/* Who wrote it may have been killed before its name was on disk, as it must be before more
	 * is unlinked. */
	return err ? err : fd_sync_parent(path);
}

/* Whether that is on disk doesn't matter: a list that comes back finds none of its files. */
int maildir_removal_forget(const struct maildir *maildir)
{
	char path[PATH_MAX];
	int err = state_file_path(maildir->place->state, maildir->path, "removal", path);

	if (err)
		return err;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

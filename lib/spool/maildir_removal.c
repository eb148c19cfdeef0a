/*
 * maildir_removal - see maildir_removal.h.
 *
 * Other programs may rename what is to go at any time, from new to cur and to names with other
 * flags, and readdir() may miss what is renamed. So the folders are read again until nothing of the
 * list is found and nothing else has changed.
 */
#include "maildir_removal.h"

#include "disk.h"
#include "maildir_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READINGS 8

void maildir_removal_init(struct maildir_removal *removal)
{
	*removal = (struct maildir_removal){0};
}

void maildir_removal_done(struct maildir_removal *removal)
{
	free(removal->at);
	free(removal->text);
	maildir_removal_init(removal);
}

int maildir_removal_reserve(struct maildir_removal *removal, size_t len)
{
	removal->at = calloc(len + 1, sizeof(*removal->at));
	return removal->at ? 0 : -ENOMEM;
}

/* Base names of any length, which are not ended where they are parts of a file's name. */
struct key {
	const char *base;
	size_t len;
};

static int compare_key(const struct key *key, const char *base)
{
	int order = strncmp(key->base, base, key->len);

	return order ? order : base[key->len] ? -1 : 0;
}

static int compare_targets(const void *a, const void *b)
{
	const struct maildir_target *x = a;
	const struct maildir_target *y = b;

	return strcmp(x->base, y->base);
}

struct run {
	const struct maildir_removal *removal;
	const struct maildir *maildir;
	size_t found; /* in this reading */
	bool begun;
};

/* The first target of this base name, or the list's length. */
static size_t find(const struct maildir_removal *removal, const struct key *key)
{
	size_t low = 0;
	size_t high = removal->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_key(key, removal->at[middle].base) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is the file of this base name to go? st: NULL if it is not known yet which file that is. */
static bool is_meant(
	const struct maildir_removal *removal, const struct key *key, const struct stat *st)
{
	for (size_t i = find(removal, key); i < removal->len; i++) {
		const struct maildir_target *target = &removal->at[i];

		if (compare_key(key, target->base) != 0)
			return false;
		if (!st || !target->inode || target->inode == st->st_ino)
			return true;
	}
	return false;
}

static int take_name(void *context, enum maildir_folder folder, const char *name)
{
	struct run *run = context;
	int fd = run->maildir->folder[folder];
	struct maildir_name parsed;
	struct key key = {.base = name};
	struct stat st;

	if (!maildir_name_parse(name, strlen(name), &parsed))
		return 0;
	key.len = parsed.base_len;
	if (!is_meant(run->removal, &key, NULL))
		return 0;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		run->found += errno == ENOENT; /* it has another name by now */
		return errno == ENOENT ? 0 : -errno;
	}
	/* Only what could have been shown as a message is removed as one. */
	if (!S_ISREG(st.st_mode) || st.st_uid != run->maildir->place->owner ||
		!is_meant(run->removal, &key, &st))
		return 0;
	run->found++;
	if (unlinkat(fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	run->begun = true;
	return 0;
}

/* 1: read all of it again. */
static int read_once(struct run *run)
{
	const struct maildir *maildir = run->maildir;
	struct maildir_state then;
	struct maildir_state now;
	int err = maildir_state_get(maildir, &then);

	run->found = 0;
	for (int i = MAILDIR_NEW; err == 0 && i <= MAILDIR_CUR; i++)
		err = maildir_each(maildir, (enum maildir_folder)i, take_name, run);
	if (err == 0)
		err = maildir_state_get(maildir, &now);
	if (err < 0)
		return err;
	return run->found > 0 || !maildir_state_is_same(&then, &now);
}

int maildir_removal_run(struct maildir_removal *removal, const struct maildir *maildir, bool *begun)
{
	struct run run = {.removal = removal, .maildir = maildir};
	int err = 1;

	if (removal->len > 0)
		qsort(removal->at, removal->len, sizeof(*removal->at), compare_targets);
	for (int i = 0; err > 0 && i < READINGS; i++)
		err = read_once(&run);
	for (int i = MAILDIR_NEW; err >= 0 && i <= MAILDIR_CUR; i++)
		err = disk_sync(maildir->folder[i]);
	*begun = run.begun;
	return err;
}

int maildir_remove(struct maildir_removal *removal, const struct maildir *maildir, struct why *why)
{
	bool begun = false;
	int err = 0;

	/* One file is gone or not: that needs no list. */
	if (removal->len > 1)
		err = maildir_removal_write(removal, maildir);
	if (err)
		return why_errno(why, -err, maildir->path, "note the removal");
	err = maildir_removal_run(removal, maildir, &begun);
	if (!err || !begun)
		(void)maildir_removal_forget(maildir); /* if it stays, it finds nothing */
	return err ? why_errno(why, -err, maildir->path, "remove messages") : 0;
}

static void tell_bad(const struct maildir *maildir)
{
	const struct spool_place *place = maildir->place;
	char text[PATH_MAX + 100];

	if (!place->note)
		return;
	snprintf(text, sizeof(text), "%s: the list of an interrupted removal is damaged; dropped",
		maildir->path);
	place->note(place->note_context, text);
}

static int recover(struct maildir_removal *removal, const struct maildir *maildir)
{
	int err = maildir_removal_load(removal, maildir);
	bool begun;

	if (err == -ENOENT)
		return 0;
	if (err == -EBADMSG)
		tell_bad(maildir);
	else if (!err)
		err = maildir_removal_run(removal, maildir, &begun);
	return !err || err == -EBADMSG ? maildir_removal_forget(maildir) : err;
}

int maildir_removal_recover(const struct maildir *maildir, struct why *why)
{
	struct maildir_removal removal;
	int err;

	maildir_removal_init(&removal);
	err = recover(&removal, maildir);
	maildir_removal_done(&removal);
	return err ? why_errno(why, -err, maildir->path, "finish a removal") : 0;
}

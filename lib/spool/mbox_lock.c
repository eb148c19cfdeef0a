/*
 * mbox_lock - the mailbox's own lock: fcntl and dotlock, as all mail programs know them.
 *
 * Programs differ in which of the two they take first. So neither is waited for while the other is
 * held: both are tried, both given back when either fails, and the pause grows by chance. That
 * can't deadlock with any order. The fcntl lock comes first, because only who has it may break a
 * stale dotlock. The dotlock's file is made before and forgotten after, so that others wait for
 * neither. After locking the path is looked at again: a program that replaces mailboxes by
 * rename would else leave us writing into a file without a name.
 */
#include "mbox.h"

#include "base/clock.h"
#include "base/fd.h"
#include "dotlock.h"
#include "file_lock.h"
#include "removal.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A delivery has the locks for less than the first pause. The pauses grow slowly, by an eighth, so
 * that a mailbox to which many deliver is never free for long: at any time one is about a tenth of
 * what was waited until then. */
#define PAUSE_US     100
#define PAUSE_MAX_US 50000

static int folder_open(const char *path)
{
	char folder[PATH_MAX];
	size_t len = (size_t)(strrchr(path, '/') - path);
	int fd;

	if (len >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, len);
	if (len == 0)
		folder[len++] = '/';
	folder[len] = '\0';
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int lock_name(const char *path, char out[static NAME_MAX + 1])
{
	int len = snprintf(out, NAME_MAX + 1, "%s.lock", strrchr(path, '/') + 1);

	return len > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int dotlock_try(struct mbox *mbox)
{
	const struct spool_helper *helper = mbox->place->helper;
	char name[NAME_MAX + 1];
	int err = lock_name(mbox->path, name);

	if (err)
		return err;
	err = dotlock_take_prepared_at(mbox->folder, name, &mbox->st, &mbox->dotlock);
	/* We have the kernel's lock, so nobody else can be meant: it is what we failed to remove.
	 */
	if (err == -EEXIST && dotlock_is_own_at(mbox->folder, name))
		err = 0;
	mbox->dotlocked = !err;
	if (err != -EACCES && err != -EPERM)
		return err == -EEXIST ? -EAGAIN : err;
	/* Not our folder. Where nobody helps, the kernel's lock alone must do, as it does for
	 * others; but who has the dotlock alone is waited for. */
	if (!helper || !helper->dotlock_take)
		return dotlock_look_at(mbox->folder, name, &mbox->st) == -EEXIST ? -EAGAIN : 0;
	err = helper->dotlock_take(helper->context);
	mbox->helped = !err;
	if (err == -EACCES || err == -EPERM)
		return 0;
	return err == -EEXIST ? -EAGAIN : err;
}

/* Is what the path names now the file that was locked? Its state is then up to date, too. */
static int path_check(struct mbox *mbox, struct why *why)
{
	struct stat st;

	if (lstat(mbox->path, &st) < 0)
		return errno == ENOENT ? -EAGAIN : why_errno(why, errno, mbox->path, "lstat");
	if (st.st_dev != mbox->st.st_dev || st.st_ino != mbox->st.st_ino)
		return -EAGAIN;
	mbox->st = st;
	return mbox_check(&st, mbox->place->owner, mbox->path, why);
}

static int both_try(struct mbox *mbox, struct why *why)
{
	int err = file_lock_try(mbox->fd);

	mbox->locked = !err;
	if (!err)
		err = dotlock_try(mbox);
	if (err)
		return err == -EAGAIN ? err : why_errno(why, -err, mbox->path, "lock");
	return path_check(mbox, why);
}

static int dotlock_prepare(const struct mbox *mbox)
{
	char kept[PATH_MAX];
	int err = state_file_join(mbox->place->state, mbox->name, "dotlock", kept);

	return err ? err : dotlock_prepare_at(mbox->folder, kept);
}

static int open_all(struct mbox *mbox, bool create, struct why *why)
{
	const struct spool_place *place = mbox->place;

	mbox->fd = create ? mbox_create_path(place, mbox->path, &mbox->st, why)
			  : mbox_open_path(place, mbox->path, O_RDWR, &mbox->st, why);
	if (mbox->fd < 0)
		return mbox->fd;
	if (mbox->folder < 0)
		mbox->folder = folder_open(mbox->path);
	if (mbox->folder < 0)
		return why_errno(why, -mbox->folder, mbox->path, "open its folder");
	if (mbox->dotlock < 0)
		mbox->dotlock = dotlock_prepare(mbox);
	return 0;
}

/* The path may name another file by now than at the last try: path_check() tells. */
static int open_and_try(struct mbox *mbox, bool create, struct why *why)
{
	int err = 0;

	if (mbox->fd < 0)
		err = open_all(mbox, create, why);
	else if (fstat(mbox->fd, &mbox->st) < 0)
		err = why_errno(why, errno, mbox->path, "fstat");
	return err ? err : both_try(mbox, why);
}

/* All but what the next try can use. */
static void let_go(struct mbox *mbox)
{
	bool is_used = mbox->dotlocked;

	mbox_unlock(mbox);
	fd_close(&mbox->fd);
	fd_close(&mbox->folder);
	if (is_used)
		fd_close(&mbox->dotlock);
}

/* A dotlock may be left over, so a person should know that it is one. */
static int tell_locked(const struct mbox *mbox, bool is_by_dotlock, struct why *why)
{
	return why_set(why, EAGAIN, WHY_TEMP, "4.2.1",
		"%s: locked by another program for too long%s", mbox->path,
		is_by_dotlock ? ", by its .lock file" : "");
}

static int wait_and_lock(struct mbox *mbox, bool create, struct why *why)
{
	int64_t deadline = clock_ms() + (int64_t)mbox->place->lock_seconds * 1000;
	unsigned pause = PAUSE_US;

	for (;;) {
		int err = open_and_try(mbox, create, why);
		bool is_by_dotlock = mbox->locked && !mbox->dotlocked && !mbox->helped;

		if (!err)
			return 0;
		/* Who only waits for the kernel's lock has nothing to open anew. */
		if (err != -EAGAIN || mbox->locked)
			let_go(mbox);
		if (err != -EAGAIN)
			return err;
		if (clock_ms() >= deadline)
			return tell_locked(mbox, is_by_dotlock, why);
		clock_sleep_jitter(pause);
		pause += pause / 8;
		if (pause > PAUSE_MAX_US)
			pause = PAUSE_MAX_US;
	}
}

/* A mailbox that can't have a lock or a journal must not be made in the first place. */
static int find_names(struct mbox *mbox, struct why *why)
{
	char path[PATH_MAX];
	char lock[NAME_MAX + 1];
	int err = state_file_name_in(mbox->path, mbox->name, &mbox->folder);

	if (!err)
		err = state_file_join(mbox->place->state, mbox->name, REMOVAL_MOVE, path);
	if (!err)
		err = lock_name(mbox->path, lock);
	return err ? why_errno(why, -err, mbox->path, "open") : 0;
}

int mbox_lock(struct mbox *mbox, const struct spool_place *place, const char *path, bool create,
	struct why *why)
{
	int err;

	*mbox = (struct mbox){
		.place = place, .path = path, .fd = -1, .folder = -1, .dotlock = -1, .note = -1};
	err = find_names(mbox, why);
	if (!err)
		err = wait_and_lock(mbox, create, why);
	if (!err)
		err = mbox_recover(mbox, why);
	if (err)
		mbox_close(mbox);
	return err;
}

void mbox_unlock(struct mbox *mbox)
{
	const struct spool_helper *helper = mbox->place->helper;
	char name[NAME_MAX + 1];

	/* The dotlock goes first: breaking a stale one relies on the kernel's lock being held. */
	if (mbox->dotlocked && lock_name(mbox->path, name) == 0)
		dotlock_release_prepared_at(mbox->folder, name, mbox->dotlock);
	if (mbox->helped)
		helper->dotlock_release(helper->context);
	mbox->dotlocked = false;
	mbox->helped = false;
	if (mbox->locked)
		file_lock_release(mbox->fd);
	mbox->locked = false;
}

void mbox_close(struct mbox *mbox)
{
	let_go(mbox);
	fd_close(&mbox->dotlock);
	fd_close(&mbox->note);
}

/*
 * mbox_inspect - see mbox_inspect.h.
 *
 * Opens the mailbox for reading only and holds the kernel's lock for reading, so that no delivery
 * and no removal of ours is half-way. Who writes without that lock is noticed by the file's state.
 */
#include "mbox_inspect.h"

#include "append_note.h"
#include "base/clock.h"
#include "base/fd.h"
#include "dotlock.h"
#include "file_lock.h"
#include "mbox_index.h"
#include "removal.h"
#include "stamp.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE (256UL * 1024)
#define PAUSE_US  20000

static int lock_within(int fd, unsigned seconds)
{
	int64_t deadline = clock_ms() + (int64_t)seconds * 1000;
	int err;

	while ((err = file_lock_try_shared(fd)) == -EAGAIN && clock_ms() < deadline)
		clock_sleep_jitter(PAUSE_US);
	return err;
}

int mbox_inspect_read(
	const struct mbox *mbox, const struct spool_inspector *inspector, struct mend_plan *plan)
{
	uint64_t size = (uint64_t)mbox->st.st_size;
	char *buffer = malloc(READ_SIZE);
	int err = buffer ? 0 : -ENOMEM;

	mend_plan_begin(plan, mbox->st.st_mtime);
	for (uint64_t at = 0; !err && at < size;) {
		uint64_t left = size - at;
		size_t want = left < READ_SIZE ? (size_t)left : READ_SIZE;
		ssize_t len = fd_pread(mbox->fd, buffer, want, at);

		if (len <= 0) {
			err = len < 0 ? (int)len : -ESTALE;
			break;
		}
		mend_plan_feed(plan, buffer, (size_t)len);
		at += (size_t)len;
		if (inspector->progress)
			inspector->progress(inspector->context, at, size);
	}
	free(buffer);
	return err ? err : mend_plan_end(plan);
}

void mbox_inspect_count(const struct mend_plan *plan, struct spool_report *report)
{
	report->exists = true;
	report->size = plan->size;
	report->lines = plan->lines.lines;
	report->begins = plan->lines.begins;
	report->padding = plan->lines.padding;
}

void mbox_inspect_tell(const struct mend_plan *plan, const struct spool_inspector *inspector,
	struct spool_report *report)
{
	for (size_t i = 0; i < plan->found; i++) {
		const struct spool_finding *finding = &plan->findings[i];

		if (finding->is_damage)
			report->damages++;
		else
			report->others++;
		report->mended += finding->is_damage && finding->mending != SPOOL_MENDING_NONE;
		if (inspector->found)
			inspector->found(inspector->context, finding);
	}
}

static bool has_note(struct mbox *mbox)
{
	struct note note;

	if (note_read(mbox, &note) < 0)
		return false;
	return note.kind == NOTE_SHORTEN ||
	       (note.kind == NOTE_APPEND && append_note_look(mbox, &note) > 0);
}

/* -EEXIST: held; 0: stale; or another -errno. */
static int look_at_dotlock(const struct mbox *mbox)
{
	char name[PATH_MAX + sizeof(".lock")];

	snprintf(name, sizeof(name), "%s.lock", mbox->path);
	return dotlock_look_at(AT_FDCWD, name, &mbox->st);
}

int mbox_inspect_surroundings(struct mbox *mbox, struct mend_plan *plan, bool *is_dotlocked)
{
	struct spool_finding unfinished = {
		.kind = SPOOL_FINDING_UNFINISHED, .mending = SPOOL_MENDING_BY_OPENING};
	struct spool_finding stale = {
		.kind = SPOOL_FINDING_STALE_LOCK, .mending = SPOOL_MENDING_BY_OPENING};
	int dotlock = look_at_dotlock(mbox);
	int err = 0;

	*is_dotlocked = dotlock == -EEXIST;
	if (removal_is_begun(mbox->place->state, mbox->name) || has_note(mbox))
		err = mend_plan_add(plan, &unfinished);
	if (!err && dotlock == 0)
		err = mend_plan_add(plan, &stale);
	return err;
}

static void look_at_index(const struct mbox *mbox, struct spool_report *report)
{
	struct mbox_index index;

	if (!mbox->place->cache || !mbox_index_read(&index, mbox->place, mbox->name))
		return;
	report->index =
		mbox_index_is_current(&index, &mbox->st) ? SPOOL_INDEX_CURRENT : SPOOL_INDEX_OLD;
	mbox_index_done(&index);
}

static int inspect_all(struct mbox *mbox, const struct spool_inspector *inspector,
	struct spool_report *report, struct mend_plan *plan)
{
	int err = mbox_inspect_read(mbox, inspector, plan);
	struct stat now;

	if (!err && (fstat(mbox->fd, &now) < 0 || !stamp_is_same(&mbox->st, &now)))
		err = -ESTALE;
	if (err)
		return err;
	mbox_inspect_count(plan, report);
	look_at_index(mbox, report);
	return mbox_inspect_surroundings(mbox, plan, &report->is_dotlocked);
}

static int inspect_locked(struct mbox *mbox, const struct spool_inspector *inspector,
	struct spool_report *report, struct why *why)
{
	struct mend_plan plan;
	int err = inspect_all(mbox, inspector, report, &plan);

	if (!err)
		mbox_inspect_tell(&plan, inspector, report);
	mend_plan_done(&plan);
	if (err == -ESTALE)
		return why_errno(why, ESTALE, mbox->path, "changed meanwhile");
	return err ? why_errno(why, -err, mbox->path, "read") : 0;
}

int mbox_inspect(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why)
{
	struct mbox mbox = {.place = place, .path = path, .folder = -1, .dotlock = -1, .note = -1};
	int err = state_file_name(path, mbox.name);

	*report = (struct spool_report){0};
	if (err)
		return why_errno(why, -err, path, "find its files");
	mbox.fd = mbox_open_path(place, path, O_RDONLY, &mbox.st, why);
	if (mbox.fd < 0)
		return mbox.fd == -ENOENT ? 0 : mbox.fd;
	err = lock_within(mbox.fd, place->lock_seconds);
	if (err == -EAGAIN)
		err = why_set(
			why, EAGAIN, WHY_TEMP, "4.2.1", "%s: locked by another program", path);
	else if (err || fstat(mbox.fd, &mbox.st) < 0)
		err = why_errno(why, err ? -err : errno, path, "lock");
	else
		err = inspect_locked(&mbox, inspector, report, why);
	fd_close(&mbox.note);
	fd_close(&mbox.fd);
	return err;
}

/*
 * mbox_repair - see mbox_repair.h.
 *
 *	1. what is about no line is looked at, because to take the locks mends that
 *	2. the mailbox is locked; whatever was interrupted is finished or taken back
 *	3. it is read, and a plan made (mend_plan.h)
 *	4. what will be taken out goes to the file beside, on disk (beside.h)
 *	5. the plan is carried out (mend.h)
 *	6. it is read again: what is told of it is so
 *
 * Until 5 has its journal on disk the mailbox is as it was, and the file beside is removed if
 * that fails; a kill leaves it, with octets that are still in the mailbox. Afterwards it
 * stays, whatever happens.
 */
#include "mbox_repair.h"

#include "base/fd.h"
#include "beside.h"
#include "generation.h"
#include "mbox_index.h"
#include "mbox_inspect.h"
#include "mend.h"
#include "removal.h"
#include "stamp.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>

struct repair {
	struct mbox mbox;
	const struct spool_inspector *inspector;
	struct spool_report *report;
	struct mend_plan around; /* findings about no line */
};

/* Step 1. -ENOENT with *why untouched: there is no mailbox. */
static int look_around(
	struct repair *repair, const struct spool_place *place, const char *path, struct why *why)
{
	struct mbox mbox = {.place = place, .path = path, .folder = -1, .dotlock = -1, .note = -1};
	bool is_dotlocked;
	int err = state_file_name(path, mbox.name);

	if (err)
		return why_errno(why, -err, path, "find its files");
	mbox.fd = mbox_open_path(place, path, O_RDONLY, &mbox.st, why);
	if (mbox.fd < 0)
		return mbox.fd;
	err = mbox_inspect_surroundings(&mbox, &repair->around, &is_dotlocked);
	fd_close(&mbox.note);
	fd_close(&mbox.fd);
	return err ? why_errno(why, -err, path, "inspect") : 0;
}

/* Where we may not write, a lock that nobody holds stays. */
static void find_what_stays(struct repair *repair)
{
	const struct mbox *mbox = &repair->mbox;

	for (size_t i = 0; i < repair->around.found; i++) {
		struct spool_finding *finding = &repair->around.findings[i];

		if (finding->kind == SPOOL_FINDING_STALE_LOCK && !mbox->dotlocked && !mbox->helped)
			finding->mending = SPOOL_MENDING_NONE;
	}
}

/* Who knows nothing of locks may have written meanwhile. */
static int check_unchanged(const struct mbox *mbox, struct why *why)
{
	struct stat now;

	if (fstat(mbox->fd, &now) < 0)
		return why_errno(why, errno, mbox->path, "fstat");
	if (stamp_is_same(&mbox->st, &now))
		return 0;
	return why_errno(why, ESTALE, mbox->path, "changed meanwhile, in spite of its locks");
}

/* Steps 4 and 5. */
static int carry_out(struct repair *repair, const struct mend_plan *plan, struct why *why)
{
	const struct spool_inspector *inspector = repair->inspector;
	const struct mbox *mbox = &repair->mbox;
	char beside[PATH_MAX];
	bool has_beside = mend_plan_takes(plan);
	bool begun = false;
	int err = has_beside ? beside_write(mbox, plan, beside, why) : 0;

	if (err)
		return err;
	err = check_unchanged(mbox, why);
	mbox_index_drop(mbox->place, mbox->name);
	if (!err) { /* nor is anybody else's index believed */
		err = generation_next(mbox->place->state, mbox->name);
		if (err)
			why_errno(why, -err, mbox->path, "count the change");
	}
	if (!err)
		err = mend_run(mbox, plan, &begun, why);
	if (has_beside && !begun)
		beside_remove(beside);
	else if (has_beside && inspector->beside)
		inspector->beside(inspector->context, beside);
	return err;
}

/* Step 6. */
static int count_again(struct repair *repair, struct why *why)
{
	struct mbox *mbox = &repair->mbox;
	struct mend_plan plan;
	int err = fstat(mbox->fd, &mbox->st) < 0 ? -errno : 0;

	if (err)
		return why_errno(why, -err, mbox->path, "fstat");
	err = mbox_inspect_read(mbox, repair->inspector, &plan);
	if (!err)
		mbox_inspect_count(&plan, repair->report);
	mend_plan_done(&plan);
	return err ? why_errno(why, -err, mbox->path, "read again") : 0;
}

static int repair_by(struct repair *repair, const struct mend_plan *plan, struct why *why)
{
	int err = plan->count > 0 ? carry_out(repair, plan, why) : 0;

	mbox_inspect_count(plan, repair->report);
	if (!err && plan->count > 0)
		err = count_again(repair, why);
	if (err)
		return err;
	mbox_note_looked(&repair->mbox);
	find_what_stays(repair);
	mbox_inspect_tell(plan, repair->inspector, repair->report);
	mbox_inspect_tell(&repair->around, repair->inspector, repair->report);
	return 0;
}

/* Steps 3 to 6. */
static int repair_locked(struct repair *repair, struct why *why)
{
	struct mend_plan plan;
	int err = mbox_inspect_read(&repair->mbox, repair->inspector, &plan);

	if (err)
		err = why_errno(why, -err, repair->mbox.path, "read");
	else
		err = repair_by(repair, &plan, why);
	mend_plan_done(&plan);
	return err;
}

int mbox_repair(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why)
{
	struct repair repair = {.inspector = inspector, .report = report};
	int err = look_around(&repair, place, path, why);

	*report = (struct spool_report){0};
	if (!err)
		err = mbox_lock(&repair.mbox, place, path, false, why);
	if (!err) {
		removal_drop_drafts(place->state, repair.mbox.name);
		err = repair_locked(&repair, why);
		mbox_close(&repair.mbox);
	}
	mend_plan_done(&repair.around);
	return err == -ENOENT && !report->exists ? 0 : err;
}

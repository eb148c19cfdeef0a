/*
 * cut - see cut.h.
 *
 *	1. fsync(mailbox): deliveries unlock before theirs, and the plan is about what is on disk
 *	2. the plan goes into the journal, whole, and on disk (cut_file.h)
 *	3. the blocks are cut out, from the first hole to the last;
 *	   a From_ line that would go with them is put behind them first (cut_shield_len())
 *	4. fsync(mailbox); each hole's rest is written over: From_ line, padding
 *	5. what is behind the plan's end is cut off; fsync(mailbox)
 *	6. the journal is unlinked; fsync(its folder)
 *
 * That order, since a cut moves down each of the file's extents that lie behind it, and leaves one
 * more. From the first to the last those behind are still the few that the file began with: 5000
 * cuts move some ten thousand extents, and not twelve million.
 *
 * With the journal on disk the removal will happen: whoever opens the mailbox next goes on. How
 * many cuts were made the mailbox tells by itself (cut_check.h), also where one was made by half
 * (cut_mend.h); 4 and 5 can be done again. The sync in between keeps what 4 writes from being on
 * disk at places to which nothing was moved yet.
 *
 * Others, who know nothing of the journal, see mail that can be read at each of these instants.
 * Until 4 the From_ line and all of each kept message are as they were; in front of it ends a
 * removed message that lacks its middle. One pwrite, of two blocks or less, then replaces that by
 * padding.
 *
 * They may have appended before it was finished. New mail behind the plan's end is no hindrance to
 * 3 and 4; but if there is something to be cut off in front of it, then that is moved out of the
 * way by the other journal (journal.h), which is for just that.
 *
 * If the mailbox is another one, or what is kept does not lie where it must, then others have
 * rewritten it: the journal is put aside and the mailbox not touched. All that the journal has of
 * it are From_ lines, and those are still in it.
 */
#include "cut.h"

#include "base/fd.h"
#include "cut_check.h"
#include "cut_file.h"
#include "cut_mend.h"
#include "disk.h"
#include "journal.h"
#include "mbox_pad.h"
#include "set_aside.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_SIZE (1UL << 20)

static int put(const struct cut_file *file, uint64_t at, const char *text, size_t len)
{
	return fd_pwrite(file->mbox->fd, text, len, at);
}

/* Write From_ line and padding over a hole, len octets: several fields, if the hole could not be
 * cut. */
static int put_piece(const struct cut_file *file, const struct cut *cut, uint64_t at, uint64_t len)
{
	uint64_t first = len <= PIECE_SIZE ? len : PIECE_SIZE / 2;
	char *piece = malloc(PIECE_SIZE);
	int err;

	if (!piece)
		return -ENOMEM;
	cut_piece_make(&file->plan, cut, piece, first);
	err = put(file, at, piece, first);
	for (uint64_t done = first; !err && done < len;) {
		uint64_t part = len - done <= PIECE_SIZE ? len - done : PIECE_SIZE / 2;

		mbox_pad_make(piece, part);
		err = put(file, at + done, piece, part);
		done += part;
	}
	free(piece);
	return err;
}

/* See cut_shield_len(). Until the blocks are gone others see one message more, without text. */
static int put_shield(const struct cut_file *file, const struct cut *cut, uint64_t shift)
{
	uint64_t len = cut_shield_len(cut);
	char *shield = malloc(len);
	int err;

	if (!shield)
		return -ENOMEM;
	memcpy(shield, CUT_EMPTY_LINE, CUT_EMPTY_LEN);
	cut_piece_make(&file->plan, cut, shield + CUT_EMPTY_LEN, len - CUT_EMPTY_LEN);
	err = put(file, cut->text - shift - len, shield, len);
	free(shield);
	return err;
}

/* Step 3 for one hole, with `shift` octets gone in front of it. */
static int cut_hole(const struct cut_file *file, const struct cut *cut, uint64_t shift, bool *begun)
{
	bool is_shielded = cut_shield_len(cut) > 0;
	int err;

	*begun |= is_shielded;
	err = is_shielded ? put_shield(file, cut, shift) : 0;
	if (!err)
		err = disk_cut(file->mbox->fd, cut->at - shift, cut->len);
	*begun |= !err;
	return err;
}

static uint64_t shift_of(const struct cut_plan *plan, size_t cuts)
{
	uint64_t octets = 0;

	for (size_t n = 0; n < cuts; n++)
		octets += plan->at[n].len;
	return octets;
}

/*
 * Step 3 for all holes but the first `made`. *begun: the mailbox is no longer as it was. Then there
 * is no way back, but one that needs neither room nor luck: what can't be cut out is filled with
 * padding.
 */
static int cut_holes(struct cut_file *file, size_t made, bool *begun)
{
	const struct cut_plan *plan = &file->plan;
	uint64_t shift = shift_of(plan, made);
	int err = 0;

	for (; !err && made < plan->count; made += !err) {
		if (plan->at[made].len > 0)
			err = cut_hole(file, &plan->at[made], shift, begun);
		shift += plan->at[made].len;
	}
	if (err && !*begun)
		return err;
	for (; made < plan->count; made++)
		plan->at[made].len = 0;
	return 0;
}

/* Where the pieces go nothing is in memory any more, and all but whole blocks of them must be read
 * first: better many at once than one after the other. */
static void read_ahead(const struct cut_file *file)
{
	uint64_t shift = 0;

	for (size_t n = 0; n < file->plan.count; n++) {
		const struct cut *cut = &file->plan.at[n];

		posix_fadvise(file->mbox->fd, (off_t)(cut->hole - shift), (off_t)cut_piece_len(cut),
			POSIX_FADV_WILLNEED);
		shift += cut->len;
	}
}

/* Step 4. */
static int put_pieces(const struct cut_file *file)
{
	uint64_t shift = 0;
	int err = disk_sync(file->mbox->fd);

	read_ahead(file);
	for (size_t n = 0; !err && n < file->plan.count; n++) {
		const struct cut *cut = &file->plan.at[n];

		err = put_piece(file, cut, cut->hole - shift, cut_piece_len(cut));
		shift += cut->len;
	}
	return err;
}

static uint64_t all_cut(const struct cut_plan *plan)
{
	return shift_of(plan, plan->count);
}

/* Steps 5 and 6. */
static int finish(const struct cut_file *file, bool is_shortened)
{
	const struct cut_plan *plan = &file->plan;
	int err = 0;

	if (!is_shortened && plan->end < plan->size)
		err = disk_truncate(file->mbox->fd, plan->end - all_cut(plan));
	if (!err)
		err = disk_sync(file->mbox->fd);
	return err ? err : cut_file_remove(file);
}

/* Steps 3 to 6. */
static int cut_all(struct cut_file *file, bool *begun)
{
	int err = cut_holes(file, 0, begun);

	if (err)
		return err;
	*begun = true;
	err = put_pieces(file);
	return err ? err : finish(file, false);
}

static int run(struct cut_file *file)
{
	bool begun = false;
	int err = cut_check_make(file);

	if (!err)
		err = disk_sync(file->mbox->fd);
	if (!err)
		err = cut_file_create(file);
	if (!err)
		err = cut_all(file, &begun);
	if (err && !begun && file->fd >= 0)
		cut_file_remove(file); /* the caller will say that nothing was changed */
	/* Its borders are others than disk_cut_unit() thinks. */
	return err == -EINVAL && !begun ? -EOPNOTSUPP : err;
}

int cut_run(const struct mbox *mbox, struct cut_plan *plan, struct why *why)
{
	struct cut_file file;
	int err = cut_file_init(&file, mbox);

	file.plan = *plan;
	if (!err)
		err = run(&file);
	file.plan = (struct cut_plan){0}; /* the caller's */
	cut_file_done(&file);
	if (err == 0 || err == -EOPNOTSUPP)
		return err;
	return why_errno(why, -err, mbox->path, "remove messages");
}

/* 1, 0 or -errno. */
static int are_places_right(const struct cut_file *file)
{
	uint64_t shift = 0;
	int right = 1;

	for (size_t n = 0; right == 1 && n < file->plan.count; n++) {
		right = cut_check_place(file, n, file->plan.at[n].hole - shift);
		shift += file->plan.at[n].len;
	}
	return right;
}

/* Others have appended behind what is to be cut off: that goes out of their mail's way. */
static int move_appended(const struct cut_file *file, uint64_t appended_at, struct why *why)
{
	uint64_t start = file->plan.end - all_cut(&file->plan);
	struct mbox mbox = *file->mbox;
	struct journal_extent extent;

	if (fstat(mbox.fd, &mbox.st) < 0)
		return why_errno(why, errno, mbox.path, "fstat");
	extent = (struct journal_extent){appended_at, (uint64_t)mbox.st.st_size - appended_at};
	return journal_run(&mbox, start, &extent, 1, why);
}

static int go_on(
	struct cut_file *file, const struct cut_state *state, uint64_t size, struct why *why)
{
	bool is_appended = size > state->size;
	bool is_shortened = state->is_shortened;
	bool begun = true;
	int err = cut_holes(file, state->made, &begun);
	int right = err ? err : are_places_right(file);

	if (right == 0)
		return set_aside(file->mbox, file->path, "another program has changed the mailbox");
	err = right < 0 ? right : put_pieces(file);
	if (err)
		return err;
	if (is_appended && !is_shortened && file->plan.end < file->plan.size) {
		err = move_appended(file, file->plan.size - all_cut(&file->plan), why);
		is_shortened = true;
	}
	return err ? err : finish(file, is_shortened);
}

static int replay(struct cut_file *file, struct why *why)
{
	struct cut_state state;
	struct stat st;
	int found;
	int err = state_draft_settle(file->path, file->fd);

	if (!err)
		err = cut_mend(file);
	if (err)
		return err;
	if (fstat(file->mbox->fd, &st) < 0)
		return -errno;
	found = cut_check_find(file, &st, &state);
	if (found < 0)
		return found;
	if (!found)
		return set_aside(file->mbox, file->path, "another program has changed the mailbox");
	return go_on(file, &state, (uint64_t)st.st_size, why);
}

int cut_recover(const struct mbox *mbox, struct why *why)
{
	struct cut_file file;
	int err = cut_file_init(&file, mbox);

	if (!err)
		err = cut_file_load(&file);
	if (err == -EBADMSG)
		err = set_aside(mbox, file.path, "the journal is damaged");
	else if (!err)
		err = replay(&file, why);
	cut_file_done(&file);
	if (err == 0 || err == -ENOENT)
		return err == 0;
	return state_file_refuse(why, -err, mbox->path, "finish an interrupted removal", file.path);
}

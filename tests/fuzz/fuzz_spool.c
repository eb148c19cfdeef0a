/*
 * Deliveries and removals that are killed at some write, and files that are damaged then: the note
 * (spool/append_note.h), the journal (spool/journal_file.h), the dotlock (spool/dotlock.h).
 *
 * Whoever locks the mailbox next mends it: what was undamaged is as before or as it was to become;
 * what was damaged is so, or the journal is put aside; never is anything made out of it.
 */
#include "base/fd.h"

#include "folder.h"
#include "kill.h"
#include "spool/checksum.h"
#include "spool/disk.h"
#include "spool/incoming.h"
#include "spool/journal.h"
#include "spool/journal_ghost.h"
#include "spool/mbox.h"
#include "spool/mbox_remove.h"
#include "spool/mbox_scan.h"
#include "spool/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum what { REMOVE, APPEND, RAW_FILES, CRAFTED_JOURNAL };

struct plan {
	enum what what;
	bool damage;    /* something in the journal or the note is changed after the kill */
	bool rewrite;   /* a program that knows nothing of both rewrites the mailbox then */
	bool grow;      /* a program that knows nothing of both appends a message then */
	bool is_locked; /* there is a lock file already */
	unsigned kill_at;
	unsigned damage_at;
	unsigned damage_by;
	unsigned char bitmap[8];
};

static const char *box(void)
{
	static char path[PATH_MAX];

	if (!*path)
		snprintf(path, sizeof(path), "%s", folder_path("box"));
	return path;
}

static void note(void *context, const char *text)
{
	(void)context;
	must(*text && fuzz_is_printable(text, strlen(text), false));
}

static const struct spool_place *place(void)
{
	static char state[PATH_MAX];
	static struct spool_place place;

	if (!*state)
		snprintf(state, sizeof(state), "%s", folder_path("state"));
	place = (struct spool_place){.state = state, .owner = geteuid(), .note = note};
	return &place;
}

/* The name under state/ of one of the mailbox's files. */
static const char *state_name(const char *suffix)
{
	static char path[PATH_MAX];

	must(state_file_path(place()->state, box(), suffix, path) == 0);
	return strstr(path, "/state/") + 1;
}

static int scan(const struct mbox *mbox, struct mbox_table *table)
{
	mbox_table_init(table);
	return mbox_scan(mbox->fd, (uint64_t)mbox->st.st_size, box(), table, NULL);
}

/* What the removal of the marked messages is to leave. */
static void keep(const struct mbox_table *table, const struct fuzz_sink *before,
	const unsigned char *bitmap, struct fuzz_sink *after)
{
	for (size_t n = 0; n < table->len; n++) {
		uint64_t from =
			n == 0 ? 0 : table->at[n].from; /* with empty lines in front of it */

		if (!(bitmap[n / 8] & 1u << n % 8))
			fuzz_add(after, before->at + from, mbox_table_end(table, n) - from);
	}
}

/* Remove, to be killed on the way; false if there is nothing that could be removed. */
static bool remove_some(struct plan *plan, const struct fuzz_sink *before, struct fuzz_sink *after)
{
	struct mbox_table table;
	struct mbox_table left = {0};
	struct mbox mbox;
	int err = mbox_lock(&mbox, place(), box(), false, NULL);
	bool done = false;

	if (err)
		return false;
	if (scan(&mbox, &table) == 0 && table.len > 0) {
		if (table.len < 64)
			plan->bitmap[table.len / 8] &= (unsigned char)((1u << table.len % 8) - 1);
		for (size_t i = table.len / 8 + 1; i < sizeof(plan->bitmap); i++)
			plan->bitmap[i] = 0;
		done = table.len < 64;
	}
	if (done) {
		keep(&table, before, plan->bitmap, after);
		kill_at(plan->kill_at);
		err = mbox_remove(&mbox, &table, plan->bitmap, &left, NULL);
		mbox_table_done(&left);
		must(kill_over() || err == 0);
	}
	mbox_close(&mbox);
	mbox_table_done(&table);
	return done;
}

static int append(const struct spool_envelope *envelope, unsigned writes)
{
	int fd = open(folder_path("message"), O_RDONLY | O_CLOEXEC);
	struct incoming incoming = {.envelope = envelope, .fd = fd};
	struct stat st;
	struct mbox mbox;
	int err = mbox_lock(&mbox, place(), box(), true, NULL);

	must(fd >= 0 && fstat(fd, &st) == 0);
	incoming.size = (uint64_t)st.st_size;
	if (!err) {
		kill_at(writes);
		err = mbox_append(&mbox, &incoming, NULL);
		(void)kill_over();
		mbox_close(&mbox);
	}
	close(fd);
	return err;
}

/* The same twice: undisturbed, which tells what is wanted, and killed. */
static bool append_some(
	const struct plan *plan, const struct fuzz_sink *before, struct fuzz_sink *after)
{
	const struct spool_envelope envelope = {.sender = "a@b", .recipient = "c@d"};
	struct mbox_table table;
	struct mbox mbox;

	if (append(&envelope, 0) < 0)
		return false;
	folder_get("box", after);
	must(after->len > before->len && memcmp(after->at, before->at, before->len) == 0);
	must(mbox_lock(&mbox, place(), box(), false, NULL) == 0 && scan(&mbox, &table) == 0);
	must(table.len > 0 && table.at[table.len - 1].from >= before->len);
	mbox_table_done(&table);
	mbox_close(&mbox);
	folder_put("box", before->at, before->len);
	(void)append(&envelope, plan->kill_at);
	return true;
}

/* Change, cut or lengthen what lies there. True if it is different now. */
static bool damage(const struct plan *plan, const char *suffix, const struct fuzz_text *with)
{
	struct fuzz_sink file = {0};
	size_t at;

	if (!folder_get(state_name(suffix), &file))
		return false;
	at = file.len > 0 ? plan->damage_at % file.len : 0;
	if (plan->damage_by == 0)
		file.len = at;
	else if (plan->damage_by == 1)
		for (size_t i = 0; i < with->len && at + i < file.len; i++)
			file.at[at + i] = with->at[i];
	else if (file.len > 0)
		file.at[at] = (char)(file.at[at] ^ (int)plan->damage_by);
	folder_put(state_name(suffix), file.at, file.len);
	fuzz_done(&file);
	return true;
}

/* Behind what was torn it is glued; else it begins on a line of its own. */
static const char other[] = "\nFrom z@z Thu Jan  1 00:00:00 1970\nReceived: z\n\nz\n\n";

static const char *tail_of(const struct plan *plan, const struct fuzz_sink *before)
{
	bool glued =
		plan->what == APPEND || before->len == 0 || before->at[before->len - 1] == '\n';

	return !plan->grow ? "" : other + glued;
}

static void grow(const char *tail)
{
	int fd = open(box(), O_WRONLY | O_APPEND | O_CLOEXEC);

	must(fd >= 0 && write(fd, tail, strlen(tail)) == (ssize_t)strlen(tail));
	close(fd);
}

static bool is_one_of(const struct plan *plan, const struct fuzz_sink *now,
	const struct fuzz_sink *before, const struct fuzz_sink *after)
{
	const char *text = tail_of(plan, before);
	size_t tail = strlen(text);

	if (now->len < tail || memcmp(now->at + now->len - tail, text, tail) != 0)
		return false;
	return (now->len == before->len + tail && memcmp(now->at, before->at, before->len) == 0) ||
	       (now->len == after->len + tail && memcmp(now->at, after->at, after->len) == 0);
}

/* The next one locks the mailbox, twice, for what is mended must stay so. */
static void check_recovery(const struct plan *plan, bool damaged, const struct fuzz_sink *before,
	const struct fuzz_sink *after)
{
	struct fuzz_sink now = {0};
	struct why why = {0};
	struct mbox mbox;
	int err = mbox_lock(&mbox, place(), box(), false, &why);

	must(damaged || err == 0);
	if (err == 0)
		mbox_close(&mbox);
	must(folder_get("box", &now));
	if (!is_one_of(plan, &now, before, after)) {
		/* A torn delivery with another one behind it stays: no program could tell them
		 * apart. A journal that is no good is put aside, where a person can find it. */
		if (plan->what == APPEND)
			must(now.len > before->len && memcmp(now.at, before->at, before->len) == 0);
		else
			must(damaged && (err < 0 || folder_has("state", ".orphan")));
	}
	must(mbox_lock(&mbox, place(), box(), false, &why) == err);
	if (err == 0)
		mbox_close(&mbox);
	fuzz_done(&now);
}

/* What the program makes of it: some octets more anywhere, or others instead of some that the
 * removal does not touch until its end. */
static size_t rewrite(const struct plan *plan, const struct fuzz_sink *torn,
	const struct fuzz_sink *after, struct fuzz_sink *out)
{
	bool same_size = plan->damage_by & 1 && plan->what == REMOVE && torn->len > after->len + 10;
	size_t first = same_size ? after->len : 0;
	size_t room = torn->len - first - (same_size ? 10 : 0);
	size_t at = first + (room > 0 ? plan->damage_at % room : 0);

	fuzz_add(out, torn->at, at);
	fuzz_add(out, "Status: O\n", 10);
	at += same_size ? 10 : 0;
	fuzz_add(out, torn->at + at, torn->len - at);
	return at;
}

/* The removal came to its end, and what another program had put behind all of it is there. */
static bool is_finished(const struct fuzz_sink *rewritten, const struct fuzz_sink *before,
	const struct fuzz_sink *after, const struct fuzz_sink *now)
{
	size_t tail = rewritten->len - before->len;

	return now->len == after->len + tail && memcmp(now->at, after->at, after->len) == 0 &&
	       memcmp(now->at + after->len, rewritten->at + before->len, tail) == 0;
}

/* Then it is another mailbox, of which nobody's journal knows anything: it stays as it is. Only
 * what a torn delivery left may go, if the octets were put into that; and a removal knows nothing,
 * either, of what lies behind its mailbox's end, whatever is done to that. */
static void check_rewritten(
	const struct plan *plan, const struct fuzz_sink *before, const struct fuzz_sink *after)
{
	struct fuzz_sink torn = {0}, rewritten = {0}, now = {0};
	struct mbox mbox;
	size_t first; /* of what was changed */
	size_t at;

	must(folder_get("box", &torn));
	at = rewrite(plan, &torn, after, &rewritten);
	folder_put("box", rewritten.at, rewritten.len);
	if (mbox_lock(&mbox, place(), box(), false, NULL) == 0)
		mbox_close(&mbox);
	must(folder_get("box", &now));
	first = rewritten.len == torn.len ? at - 10 : at;
	must(fuzz_is(&now, rewritten.at, rewritten.len) ||
		(plan->what == APPEND && at >= before->len &&
			fuzz_is(&now, before->at, before->len)) ||
		(plan->what == REMOVE && first >= before->len &&
			is_finished(&rewritten, before, after, &now)));
	fuzz_done(&torn);
	fuzz_done(&rewritten);
	fuzz_done(&now);
}

static uint64_t sum_of(const void *head, size_t head_len, const void *tail, size_t tail_len)
{
	return checksum(checksum(0, head, head_len), tail, tail_len);
}

/* What is there becomes a journal of this mailbox, with right sums and any numbers: no crash, no
 * hang, nothing outside of the mailbox comes of it. */
static void craft(struct fuzz_text *text, const struct mbox *mbox)
{
	struct journal journal = {.mbox = mbox, .fd = -1};
	struct journal_plan *plan = &journal.plan;
	size_t rest;

	if (text->len < sizeof(*plan))
		return;
	memcpy(plan, text->at, sizeof(*plan));
	plan->magic = 0x326e616c70786270u;
	plan->ino = mbox->st.st_ino;
	plan->end = (uint64_t)mbox->st.st_size;
	rest = (text->len - sizeof(*plan)) / sizeof(struct journal_extent);
	plan->extents = rest > 0 ? plan->extents % (rest + 1) : 0;
	(void)journal_ghost_make(&journal);
	plan->sum = sum_of(plan, offsetof(struct journal_plan, sum), text->at + sizeof(*plan),
		plan->extents * sizeof(struct journal_extent));
	memcpy(text->at, plan, sizeof(*plan));
}

static void check_files(const struct plan *plan, struct fuzz *fuzz)
{
	size_t journal_len = fuzz_short(fuzz);
	struct fuzz_text journal, rest;
	struct mbox mbox;
	int err = mbox_lock(&mbox, place(), box(), false, NULL);

	journal_len = journal_len < fuzz->len ? journal_len : fuzz->len;
	journal = fuzz_copy(fuzz->at, journal_len);
	rest = fuzz_copy(fuzz->at + journal_len, fuzz->len - journal_len);
	if (err == 0 && plan->what == CRAFTED_JOURNAL)
		craft(&journal, &mbox);
	if (err == 0)
		mbox_close(&mbox);
	if (journal.len > 0)
		folder_put(state_name("journal"), journal.at, journal.len);
	if (rest.len > 0)
		folder_put(state_name("append"), rest.at, rest.len);
	for (int i = 0; i < 2; i++) {
		if (mbox_lock(&mbox, place(), box(), false, NULL) == 0)
			mbox_close(&mbox);
	}
	fuzz_free(&journal);
	fuzz_free(&rest);
}

/* Zeros are what a power cut leaves, and become something else (spool/torn.h): not here. */
static void without_zeros(struct fuzz_text *text)
{
	for (size_t i = 0; i < text->len; i++)
		text->at[i] = (char)(text->at[i] ? text->at[i] : '0');
}

static void check_kill(struct plan *plan, struct fuzz *fuzz, const struct fuzz_sink *before)
{
	struct fuzz_text rest = fuzz_rest(fuzz);
	struct fuzz_sink after = {0};
	bool damaged = false;
	bool done;

	fuzz_add(&after, "", 0);
	without_zeros(&rest);
	folder_put("message", rest.at, rest.len);
	done = plan->what == REMOVE ? remove_some(plan, before, &after)
				    : append_some(plan, before, &after);
	if (done && plan->damage) {
		damaged = damage(plan, "journal", &rest);
		damaged |= damage(plan, "append", &rest);
	}
	if (done)
		grow(tail_of(plan, before));
	if (done && plan->rewrite)
		check_rewritten(plan, before, &after);
	else if (done)
		check_recovery(plan, damaged, before, &after);
	fuzz_done(&after);
	fuzz_free(&rest);
}

static void read_plan(struct plan *plan, struct fuzz *fuzz)
{
	unsigned flags = fuzz_octet(fuzz);

	plan->what = (enum what)(flags & 3);
	plan->damage = flags & 4;
	plan->is_locked = flags & 8;
	plan->grow = flags & 16;
	plan->rewrite = flags & 64;
	kill_set_up(fuzz, flags & 32);
	fuzz->chance = fuzz_octet(fuzz);
	plan->kill_at = fuzz_octet(fuzz) & 31;
	plan->damage_at = fuzz_short(fuzz);
	plan->damage_by = fuzz_octet(fuzz);
	plan->bitmap[0] = (unsigned char)fuzz_octet(fuzz);
	plan->bitmap[1] = (unsigned char)fuzz_octet(fuzz);
}

/* A line "@" stands for much text, no two of which are the same. */
static void take_mailbox(struct fuzz *fuzz, struct fuzz_sink *out)
{
	struct fuzz_text text = fuzz_part(fuzz);
	char filler[2000];
	unsigned count = 0;

	fuzz_add(out, "", 0);
	without_zeros(&text);
	for (size_t at = 0, len; at < text.len; at += len) {
		const char *lf = memchr(text.at + at, '\n', text.len - at);

		len = lf ? (size_t)(lf - text.at) + 1 - at : text.len - at;
		if (len != 2 || text.at[at] != '@' || count >= 50) {
			fuzz_add(out, text.at + at, len);
			continue;
		}
		memset(filler, 'a' + (int)(count++ % 26), sizeof(filler));
		filler[1 + count] = '\n';
		filler[sizeof(filler) - 1] = '\n';
		fuzz_add(out, filler, sizeof(filler));
	}
	fuzz_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_sink before = {0};
	struct fuzz_text lock;
	struct plan plan = {0};
	struct fuzz fuzz;

	fuzz_init(&fuzz, data, size);
	read_plan(&plan, &fuzz);
	lock = fuzz_part(&fuzz);
	take_mailbox(&fuzz, &before);
	folder_clear("state");
	folder_put("box", before.at, before.len);
	if (plan.is_locked)
		folder_put("box.lock", lock.at, lock.len);
	if (plan.what == REMOVE || plan.what == APPEND)
		check_kill(&plan, &fuzz, &before);
	else
		check_files(&plan, &fuzz);
	(void)unlink(folder_path("box.lock"));
	fuzz_free(&lock);
	fuzz_done(&before);
	return 0;
}

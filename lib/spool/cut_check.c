/* cut_check - see cut_check.h. Only reads. The mailbox may hold anything. */
#include "cut_check.h"

#include "base/fd.h"
#include "checksum.h"
#include "mbox_seam.h"

#include <errno.h>
#include <sha256.h>
#include <string.h>

#define SPAN    4096
#define CONTEXT 64

/* Octets that have moved down: `shift`, and those in front of `border` by `more`. */
struct move {
	uint64_t shift;
	uint64_t border;
	uint64_t more;
};

/* Read what lay at [at, at + len) before anything was moved. */
static ssize_t read_moved(
	const struct cut_file *file, void *out, size_t len, uint64_t at, const struct move *move)
{
	int fd = file->mbox->fd;
	uint64_t now = at - move->shift;
	size_t first = now >= move->border        ? 0
		       : move->border - now < len ? (size_t)(move->border - now)
						  : len;
	ssize_t got = fd_pread(fd, out, first, now - (first > 0 ? move->more : 0));
	ssize_t more = got < 0 ? got : fd_pread(fd, (char *)out + first, len - first, now + first);

	return more < 0 ? more : got + more;
}

/* Hash the last 4 KB, or all if it is less, of what was [from, to). */
static int hash(const struct cut_file *file, uint64_t from, uint64_t to, const struct move *move,
	unsigned char out[static 32])
{
	unsigned char text[SPAN];
	size_t len = to - from < SPAN ? (size_t)(to - from) : SPAN;
	ssize_t got = read_moved(file, text, len, to - len, move);
	SHA256_CTX sha;

	if (got < 0)
		return (int)got;
	SHA256_Init(&sha);
	SHA256_Update(&sha, text, (size_t)got);
	SHA256_Final(out, &sha);
	return 0;
}

/* 1, 0 or -errno. */
static int is_hash(const struct cut_file *file, uint64_t from, uint64_t to, const struct move *move,
	const unsigned char want[static 32])
{
	unsigned char seen[32];
	int err = hash(file, from, to, move, seen);

	return err ? err : memcmp(seen, want, sizeof(seen)) == 0;
}

static uint64_t last_text(const struct cut_plan *plan)
{
	return plan->at[plan->count - 1].text;
}

static uint64_t end_of_brim(const struct cut_plan *plan)
{
	return brim_end(plan->end, plan->size, plan->unit, BRIM_SECTORS);
}

/* The checksum of [from, to) where it lies now. */
static int context(const struct cut_file *file, uint64_t from, uint64_t to, uint64_t *out)
{
	char text[CONTEXT];
	ssize_t got = fd_pread(file->mbox->fd, text, (size_t)(to - from), from);

	if (got < 0)
		return (int)got;
	*out = checksum(0, text, (size_t)got);
	return 0;
}

/* How much in front of, and behind, cut n is kept, 64 octets of it at the most. */
static uint64_t kept_before(const struct cut_plan *plan, size_t n)
{
	uint64_t from = n > 0 ? plan->at[n - 1].text : 0;
	uint64_t len = plan->at[n].hole - from;

	return len < CONTEXT ? len : CONTEXT;
}

static uint64_t kept_behind(const struct cut_plan *plan, size_t n)
{
	uint64_t to = n + 1 < plan->count ? plan->at[n + 1].hole : plan->end;
	uint64_t len = to - plan->at[n].text;

	return len < CONTEXT ? len : CONTEXT;
}

static int make_contexts(struct cut_file *file, size_t n)
{
	struct cut *cut = &file->plan.at[n];
	int err = context(file, cut->hole - kept_before(&file->plan, n), cut->hole, &cut->before);

	return err ? err
		   : context(file, cut->text, cut->text + kept_behind(&file->plan, n),
			     &cut->behind);
}

int cut_check_make(struct cut_file *file)
{
	const struct cut_plan *plan = &file->plan;
	const struct move none = {0};
	int err = hash(file, last_text(plan), plan->end, &none, file->head.tail);

	if (!err)
		err = brim_make(file->mbox->fd, plan->end, end_of_brim(plan), BRIM_SECTORS,
			file->head.brim);
	if (!err)
		err = hash(file, end_of_brim(plan), plan->size, &none, file->head.rest);
	for (size_t n = 0; !err && n < file->plan.count; n++)
		err = make_contexts(file, n);
	return err;
}

int cut_check_place(const struct cut_file *file, size_t n, uint64_t hole)
{
	const struct cut_plan *plan = &file->plan;
	const struct cut *cut = &plan->at[n];
	uint64_t text = hole + cut_piece_len(cut);
	uint64_t before = 0, behind = 0;
	int err = context(file, hole - kept_before(plan, n), hole, &before);

	if (!err)
		err = context(file, text, text + kept_behind(plan, n), &behind);
	if (err)
		return err;
	return before == cut->before && behind == cut->behind;
}

int cut_check_tail(const struct cut_file *file, uint64_t shift, uint64_t border, uint64_t more)
{
	const struct cut_plan *plan = &file->plan;
	const struct move move = {shift, more > 0 ? border : 0, more};

	return is_hash(file, last_text(plan), plan->end, &move, file->head.tail);
}

/* Is there what is to be cut off? 1, 0 or -errno. */
static int is_rest(const struct cut_file *file, uint64_t shift)
{
	const struct cut_plan *plan = &file->plan;
	const struct move move = {.shift = shift};
	uint64_t border = end_of_brim(plan);
	int is = brim_find(file->mbox->fd, plan->end - shift, border - shift, file->head.brim);

	if (is <= 0) /* BRIM_OTHER, or a failure */
		return is;
	return is_hash(file, border, plan->size, &move, file->head.rest);
}

/* Is it so that `shift` octets were cut out and the end was cut off, or not? 1, 0 or -errno. */
static int fits(const struct cut_file *file, uint64_t size, uint64_t shift, bool is_shortened)
{
	uint64_t end = (is_shortened ? file->plan.end : file->plan.size) - shift;
	int is = size >= end ? cut_check_tail(file, shift, 0, 0) : 0;

	if (is == 1 && !is_shortened)
		is = is_rest(file, shift);
	if (is <= 0)
		return is;
	return size == end ? 1 : mbox_seam_is(file->mbox->fd, end);
}

struct search {
	uint64_t size;
	bool is_exact; /* nothing was appended */
	unsigned found;
	struct cut_state state;
};

/* Try one state: 1 if it fits. Of several that do, that of a file to which nobody has appended is
 * the likely one; two of the same kind tell nothing. */
static int try_state(const struct cut_file *file, struct search *search, uint64_t shift,
	size_t made, bool is_shortened)
{
	uint64_t end = (is_shortened ? file->plan.end : file->plan.size) - shift;
	bool is_exact = search->size == end;
	int fit = fits(file, search->size, shift, is_shortened);

	if (fit <= 0 || (search->is_exact && !is_exact))
		return fit;
	if (is_exact && !search->is_exact)
		search->found = 0;
	search->is_exact = is_exact;
	search->found++;
	search->state = (struct cut_state){made, is_shortened, end};
	return 1;
}

/* While what is to be cut off is there, it looks as if it had been and others had appended it. 0 or
 * -errno. */
static int try_both(const struct cut_file *file, struct search *search, uint64_t shift, size_t made)
{
	int fit = try_state(file, search, shift, made, false);

	if (fit == 0 && file->plan.end < file->plan.size)
		fit = try_state(file, search, shift, made, true);
	return fit < 0 ? fit : 0;
}

static int try_all(const struct cut_file *file, struct search *search)
{
	const struct cut *cuts = file->plan.at;
	uint64_t shift = 0;
	int err = 0;

	for (size_t made = 0; !err && made < file->plan.count; made++) {
		/* Where nothing is to be cut out, before and after look the same. */
		if (cuts[made].len > 0)
			err = try_both(file, search, shift, made);
		shift += cuts[made].len;
	}
	return err ? err : try_both(file, search, shift, file->plan.count);
}

int cut_check_find(const struct cut_file *file, const struct stat *st, struct cut_state *state)
{
	struct search search = {.size = (uint64_t)st->st_size};
	int err;

	if (file->head.ino != st->st_ino)
		return 0;
	err = try_all(file, &search);
	if (err)
		return err;
	if (search.found != 1)
		return 0;
	*state = search.state;
	return 1;
}

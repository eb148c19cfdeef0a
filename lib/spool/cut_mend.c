/* cut_mend - see cut_mend.h. */
#include "cut_mend.h"

#include "cut_check.h"
#include "disk.h"

#include <errno.h>

#define BLOCK_MAX 65536

struct hole {
	uint64_t begin;
	uint64_t end;
};

/* Where the hole would begin if the cut, of a file of `size` octets, were almost done: behind the
 * last block, which may be filled in part. */
static bool is_at_end(const struct cut *cut, const struct hole *hole, uint64_t size)
{
	uint64_t end = size - cut->len;

	return hole->end == size && hole->begin >= end && hole->begin - end < BLOCK_MAX;
}

/* Is it the hole of a cut that was begun when the file had `size` octets and `shift` of them were
 * gone already? 1, 0 or -errno. */
static int is_of(const struct cut_file *file, const struct cut *cut, const struct hole *hole,
	uint64_t size, uint64_t shift)
{
	bool is_last = cut->len > 0 && is_at_end(cut, hole, size);

	if (cut->len == 0 || hole->begin <= cut->at - shift || hole->end > size)
		return 0;
	if (!is_last && hole->end - hole->begin != cut->len)
		return 0;
	return cut_check_tail(file, shift, is_last ? size : hole->end, cut->len);
}

/* 1: there is one; 0: there is none, or more than one that it may be; or -errno. */
static int find(const struct cut_file *file, const struct hole *hole, const struct cut **out)
{
	const struct cut_plan *plan = &file->plan;
	uint64_t shift = 0;
	int found = 0;

	for (size_t n = 0; n < plan->count; n++) {
		int is = is_of(file, &plan->at[n], hole, plan->size - shift, shift);

		if (is < 0)
			return is;
		if (is)
			*out = &plan->at[n];
		found += is;
		shift += plan->at[n].len;
	}
	return found == 1;
}

int cut_mend(const struct cut_file *file)
{
	int fd = file->mbox->fd;
	const struct cut *cut = NULL;
	struct hole hole;
	struct stat st;
	int err = disk_find_hole(fd, 0, &hole.begin, &hole.end);
	int found = err ? err : find(file, &hole, &cut);

	if (found <= 0 || !cut)
		return found;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (hole.end == (uint64_t)st.st_size) /* that can't be cut out */
		return disk_truncate(fd, hole.end - cut->len);
	return disk_cut(fd, hole.begin, cut->len);
}

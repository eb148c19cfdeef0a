/* journal_ghost - see journal_ghost.h. Only reads. */
#include "journal_ghost.h"

#include "base/fd.h"
#include "mbox_seam.h"

#include <errno.h>
#include <sha256.h>
#include <stdlib.h>
#include <string.h>

#define GHOST_SIZE (64UL * 1024)

/* Hash [from, to) of the mailbox, 64 KB at the most. */
static int hash_octets(
	const struct journal *journal, uint64_t from, uint64_t to, unsigned char out[static 32])
{
	unsigned char *text = malloc(GHOST_SIZE);
	SHA256_CTX sha;
	ssize_t got;

	if (!text)
		return -ENOMEM;
	got = fd_pread(journal->mbox->fd, text, (size_t)(to - from), from);
	if (got >= 0) {
		SHA256_Init(&sha);
		SHA256_Update(&sha, text, (size_t)got);
		SHA256_Final(out, &sha);
	}
	free(text);
	return got < 0 ? (int)got : 0;
}

static uint64_t end_of_brim(const struct journal_plan *plan)
{
	return brim_end(plan->new_size, plan->end, plan->block, BRIM_SECTORS);
}

/* What is behind the brim. */
static int hash_rest(const struct journal *journal, unsigned char out[static 64])
{
	uint64_t from = end_of_brim(&journal->plan);
	uint64_t end = journal->plan.end;
	uint64_t span = end - from < GHOST_SIZE ? end - from : GHOST_SIZE;
	int err = hash_octets(journal, from, from + span, out);

	return err ? err : hash_octets(journal, end - span, end, out + 32);
}

int journal_ghost_make(struct journal *journal)
{
	struct journal_plan *plan = &journal->plan;
	int err = hash_rest(journal, plan->ghost);

	return err ? err
		   : brim_make(journal->mbox->fd, plan->new_size, end_of_brim(plan), BRIM_SECTORS,
			     plan->brim);
}

int journal_ghost_matches(const struct journal *journal, const struct stat *st)
{
	const struct journal_plan *plan = &journal->plan;
	unsigned char rest[sizeof(plan->ghost)];
	uint64_t size = (uint64_t)st->st_size;
	int err;

	if (plan->ino != st->st_ino || size < plan->end)
		return 0;
	err = hash_rest(journal, rest);
	if (err)
		return err;
	if (memcmp(rest, plan->ghost, sizeof(rest)) != 0)
		return 0;
	err = brim_find(journal->mbox->fd, plan->new_size, end_of_brim(plan), plan->brim);
	if (err <= 0) /* BRIM_OTHER, or a failure */
		return err;
	/* If not, the file has grown in some other place, and is so uniform that the hashes can't
	 * tell. */
	return size == plan->end ? 1 : mbox_seam_is(journal->mbox->fd, plan->end);
}

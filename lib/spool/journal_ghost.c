/* journal_ghost - see journal_ghost.h. Only reads. */
#include "journal_ghost.h"

#include "base/fd.h"
#include "mbox_seam.h"

#include <errno.h>
#include <sha256.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GHOST_SIZE (64UL * 1024)

struct ghost {
	unsigned char brim[32];
	unsigned char rest[64];
	bool is_brim_zeros;
};

static bool is_zeros(const unsigned char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i])
			return false;
	}
	return true;
}

/* Hash [from, to) of the mailbox, 64 KB at the most. */
static int hash_octets(const struct journal *journal, uint64_t from, uint64_t to,
	unsigned char out[static 32], bool *zeros)
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
		*zeros = is_zeros(text, (size_t)got);
	}
	free(text);
	return got < 0 ? (int)got : 0;
}

/* Where the brim ends. */
static uint64_t brim(const struct journal_plan *plan)
{
	uint64_t block = plan->block < GHOST_SIZE ? plan->block : GHOST_SIZE;
	uint64_t border = (plan->new_size + block - 1) / block * block;

	return border < plan->end ? border : plan->end;
}

static int make(const struct journal *journal, struct ghost *ghost)
{
	const struct journal_plan *plan = &journal->plan;
	uint64_t from = brim(plan);
	uint64_t span = plan->end - from < GHOST_SIZE ? plan->end - from : GHOST_SIZE;
	bool ignored;
	int err = hash_octets(journal, plan->new_size, from, ghost->brim, &ghost->is_brim_zeros);

	if (!err)
		err = hash_octets(journal, from, from + span, ghost->rest, &ignored);
	if (!err)
		err = hash_octets(journal, plan->end - span, plan->end, ghost->rest + 32, &ignored);
	return err;
}

int journal_ghost_make(struct journal *journal)
{
	struct ghost ghost;
	int err = make(journal, &ghost);

	if (err)
		return err;
	memcpy(journal->plan.brim, ghost.brim, sizeof(ghost.brim));
	memcpy(journal->plan.ghost, ghost.rest, sizeof(ghost.rest));
	return 0;
}

int journal_ghost_matches(const struct journal *journal, const struct stat *st)
{
	const struct journal_plan *plan = &journal->plan;
	uint64_t size = (uint64_t)st->st_size;
	struct ghost ghost;
	int err;

	if (plan->ino != st->st_ino || size < plan->end)
		return 0;
	err = make(journal, &ghost);
	if (err)
		return err;
	if (memcmp(ghost.rest, plan->ghost, sizeof(ghost.rest)) != 0)
		return 0;
	if (!ghost.is_brim_zeros && memcmp(ghost.brim, plan->brim, sizeof(ghost.brim)) != 0)
		return 0;
	/* If not, the file has grown in some other place, and is so uniform that the hashes can't
	 * tell. */
	return size == plan->end ? 1 : mbox_seam_is(journal->mbox->fd, plan->end);
}

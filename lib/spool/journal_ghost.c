/* journal_ghost - see journal_ghost.h. Only reads. */
#include "journal_ghost.h"

#include "base/fd.h"
#include "mbox_from.h"

#include <errno.h>
#include <sha256.h>
#include <stdlib.h>
#include <string.h>

#define GHOST_SIZE (64UL * 1024)
#define BLANK_MAX  64 /* octets of empty lines in front of what was appended */

/* Hash `len` octets of the mailbox, 64 KB at the most, from `offset` on. */
static int hash_octets(
	const struct journal *journal, uint64_t offset, size_t len, unsigned char out[static 32])
{
	unsigned char *text = malloc(len + 1);
	SHA256_CTX sha;
	ssize_t got;

	if (!text)
		return -ENOMEM;
	got = fd_pread(journal->mbox->fd, text, len, offset);
	if (got >= 0) {
		SHA256_Init(&sha);
		SHA256_Update(&sha, text, (size_t)got);
		SHA256_Final(out, &sha);
	}
	free(text);
	return got < 0 ? (int)got : 0;
}

static int hash(const struct journal *journal, unsigned char out[static 64])
{
	const struct journal_plan *plan = &journal->plan;
	uint64_t span = plan->end - plan->new_size;
	size_t len = span < GHOST_SIZE ? (size_t)span : GHOST_SIZE;
	int err = hash_octets(journal, plan->new_size, len, out);

	return err ? err : hash_octets(journal, plan->end - len, len, out + 32);
}

int journal_ghost_make(struct journal *journal)
{
	return hash(journal, journal->plan.ghost);
}

/*
 * Does a From_ line begin at the plan's end, or behind empty lines there? If not, the file has
 * grown in some other place, and is so uniform that the hashes can't tell.
 */
static int is_appended(const struct journal *journal)
{
	char text[1 + BLANK_MAX + MBOX_FROM_MAX + 1]; /* from the octet before the end on */
	ssize_t len = fd_pread(journal->mbox->fd, text, sizeof(text), journal->plan.end - 1);
	size_t at = 1;
	const char *lf;

	if (len < 1)
		return (int)len;
	while (at < (size_t)len && (text[at] == '\n' || text[at] == '\r'))
		at++;
	lf = memchr(text + at, '\n', (size_t)len - at);
	return lf && text[at - 1] == '\n' && mbox_from_is_line(text + at, (size_t)(lf - text) - at);
}

int journal_ghost_matches(const struct journal *journal, const struct stat *st)
{
	const struct journal_plan *plan = &journal->plan;
	unsigned char ghost[sizeof(plan->ghost)];
	uint64_t size = (uint64_t)st->st_size;
	int err;

	if (plan->ino != st->st_ino || size < plan->end)
		return 0;
	err = hash(journal, ghost);
	if (err)
		return err;
	if (memcmp(ghost, plan->ghost, sizeof(ghost)) != 0)
		return 0;
	return size == plan->end ? 1 : is_appended(journal);
}

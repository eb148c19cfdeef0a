/* ledger - see ledger.h. Trusts the state folder, which is the mailbox owner's alone. */
#include "ledger.h"

#include "base/fd.h"
#include "checksum.h"
#include "disk.h"
#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD_SIZE (2 * NAME_MAX + 96)
#define ROW_SIZE  (2 * SHA256_DIGEST_LENGTH + 1) /* in hex, and a line end */
#define ROWS      512                            /* at once */

int ledger_init(struct ledger *ledger, const char *state, const char *from, const char *to)
{
	char suffix[sizeof("convert-01234567")];
	int err = state_file_name(from, ledger->from);

	ledger->fd = -1;
	ledger->end = 0;
	tally_init(&ledger->rows);
	if (!err)
		err = state_file_name(to, ledger->to);
	if (err)
		return err;
	if (strcmp(ledger->from, ledger->to) == 0)
		return -EINVAL;
	snprintf(suffix, sizeof(suffix), "convert-%08x",
		(unsigned)checksum(0, ledger->from, strlen(ledger->from)));
	return state_file_join(state, ledger->to, suffix, ledger->path);
}

/* What the file begins with; its length. */
static size_t make_head(
	const struct ledger *ledger, struct identity identity, char out[static HEAD_SIZE])
{
	return (size_t)snprintf(out, HEAD_SIZE,
		"pillarbox-conversion 2 %" PRIu64 " %" PRId64 "\n%s\n%s\n", identity.inode,
		identity.birth_ns, ledger->from, ledger->to);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_row(const char *row, uint8_t digest[static SHA256_DIGEST_LENGTH])
{
	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		int high = digit(row[2 * i]);
		int low = digit(row[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8_t)(high * 16 + low);
	}
	return row[ROW_SIZE - 1] == '\n';
}

/* Up to the first row that is none: a power cut may have torn the last ones. */
static int read_rows(struct ledger *ledger)
{
	char rows[ROWS * ROW_SIZE];
	bool is_whole = true;

	while (is_whole) {
		ssize_t got = fd_pread(ledger->fd, rows, sizeof(rows), ledger->end);

		if (got < 0)
			return (int)got;
		is_whole = got == (ssize_t)sizeof(rows);
		for (const char *row = rows; got - (row - rows) >= (ssize_t)ROW_SIZE;
			row += ROW_SIZE) {
			uint8_t digest[SHA256_DIGEST_LENGTH];

			if (!parse_row(row, digest))
				return 0;
			if (tally_add(&ledger->rows, digest, ledger->rows.len) < 0)
				return -ENOMEM;
			ledger->end += ROW_SIZE;
		}
	}
	return 0;
}

/* 1, 0 or -errno. */
static int is_about(const struct ledger *ledger, struct identity identity, size_t *len)
{
	char want[HEAD_SIZE];
	char head[HEAD_SIZE];
	ssize_t got;

	*len = make_head(ledger, identity, want);
	got = fd_pread(ledger->fd, head, *len, 0);
	if (got < 0)
		return (int)got;
	return (size_t)got == *len && memcmp(head, want, *len) == 0;
}

int ledger_open(struct ledger *ledger, struct identity identity)
{
	size_t len = 0;
	int known;

	if (identity.inode == 0)
		return 0;
	ledger->fd = state_file_open(ledger->path, 0);
	if (ledger->fd < 0)
		return ledger->fd == -ENOENT ? 0 : ledger->fd;
	known = is_about(ledger, identity, &len);
	if (known <= 0) {
		fd_close(&ledger->fd);
		return known;
	}
	ledger->end = len;
	known = read_rows(ledger);
	/* What is torn must not be taken for a row once others stand behind it. */
	if (!known)
		known = disk_truncate(ledger->fd, ledger->end);
	/* Else after a power cut there may be messages in the mailbox, and nothing that says where
	 * they are from. */
	if (!known)
		known = state_draft_settle(ledger->path, ledger->fd);
	return known ? known : 1;
}

int ledger_begin(struct ledger *ledger, struct identity identity)
{
	char head[HEAD_SIZE];
	size_t len = make_head(ledger, identity, head);
	int fd = state_draft_open(ledger->path);
	int err;

	if (fd < 0)
		return fd;
	err = fd_write(fd, head, len);
	if (err)
		state_draft_drop(ledger->path);
	else
		err = state_draft_commit(ledger->path, fd);
	if (err) {
		fd_close(&fd);
		return err;
	}
	fd_close(&ledger->fd);
	tally_done(&ledger->rows);
	ledger->fd = fd;
	ledger->end = len;
	return 0;
}

int ledger_add(struct ledger *ledger, const uint8_t (*digests)[SHA256_DIGEST_LENGTH], size_t len)
{
	char *rows = malloc(len * ROW_SIZE + 1);
	char *at = rows;
	int err = rows ? 0 : -ENOMEM;

	for (size_t n = 0; !err && n < len; n++, at += ROW_SIZE) {
		for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
			snprintf(at + 2 * i, 3, "%02x", digests[n][i]);
		at[ROW_SIZE - 1] = '\n';
	}
	if (!err)
		err = fd_pwrite(ledger->fd, rows, len * ROW_SIZE, ledger->end);
	if (!err)
		err = disk_sync_data(ledger->fd);
	if (!err)
		ledger->end += len * ROW_SIZE;
	free(rows);
	return err;
}

void ledger_close(struct ledger *ledger)
{
	fd_close(&ledger->fd);
	tally_done(&ledger->rows);
}

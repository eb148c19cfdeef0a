/*
 * journal_file - the journal of one removal as a file: a plan, and two slots that take turns.
 *
 * The plan says what is kept of the mailbox, and where it goes; it is written once. Each slot holds
 * one piece of what is kept, on its way down, with how much had arrived before it. One of the two
 * is always whole. The file gets its name only when the plan is on disk and there is room for all
 * that will ever be written, so that a full disk is noticed before the mailbox is touched.
 */
#ifndef SPOOL_JOURNAL_FILE_H
#define SPOOL_JOURNAL_FILE_H

#include "brim.h"
#include "mbox.h"
#include "state_draft.h"

#include <limits.h>

/* A part of the old mailbox that is kept. */
struct journal_extent {
	uint64_t offset;
	uint64_t length;
};

struct journal_plan {
	uint64_t magic;
	uint64_t ino;       /* a device's number may be another one after a restart */
	uint64_t start;     /* where the first kept octet goes; all before it stays as it is */
	uint64_t new_size;  /* start + all kept lengths */
	uint64_t end;       /* the mailbox's size before */
	uint64_t chunk;     /* room in a slot, in octets */
	uint64_t extents;   /* how many follow the plan */
	uint64_t first_sum; /* of the first piece, where it lies before anything is moved */
	uint64_t block;     /* the file system's */
	uint64_t brim[BRIM_SECTORS]; /* these: see journal_ghost.h */
	unsigned char ghost[64];
	uint64_t sum; /* of all before it and the extents */
};

enum journal_state { JOURNAL_MOVE = 1, JOURNAL_DONE = 2 };

struct journal_slot {
	uint64_t magic;
	uint64_t plan_sum;
	uint64_t seq;
	uint64_t moved; /* octets in their place before this piece */
	uint64_t len;   /* octets of this piece; they follow the header */
	uint64_t state;
	uint64_t next_sum; /* of the piece behind this one, where it lies before it is moved */
	uint64_t sum;      /* of all before it and the piece */
};

struct journal {
	const struct mbox *mbox;
	int fd;
	struct journal_plan plan;
	struct journal_extent *extents;
	struct journal_slot *slot; /* header, then room for a piece */
	uint64_t seq;              /* of the next slot to be written */
	char path[PATH_MAX];
	char draft[STATE_DRAFT_MAX];
};

/* The plan for keeping these extents (copied), the first of them at `start`. `extents` may be 0. 0
 * or -errno. */
int journal_file_plan(struct journal *journal, const struct mbox *mbox, uint64_t start,
	const struct journal_extent *extents, size_t count, uint64_t end);

/* For a disk with little room: plan with pieces of a quarter. False: they are as small as can be.
 */
bool journal_file_shrink(struct journal *journal);

/* Put the planned journal in its place, on disk. What was there before is replaced in one step. */
int journal_file_create(struct journal *journal);

/* Read plan and newest whole slot; slot->state 0: there is none, and no piece but the first can
 * have been begun. -ENOENT: no journal; -EBADMSG: not one, or damaged. */
int journal_file_load(struct journal *journal, const struct mbox *mbox);

/* Read the newest whole slot once more, after its room was used for something else. 0 or -errno. */
int journal_file_reload(struct journal *journal);

/* Put journal->slot's piece on disk, in the slot whose turn it is. */
int journal_file_write_slot(struct journal *journal, enum journal_state state, uint64_t moved,
	uint64_t len, uint64_t next_sum);

/* The journal is no longer needed: it goes. */
int journal_file_remove(const struct journal *journal);

/* It is not fit for this mailbox: it is kept under another name, which place->note is told, with
 * the reason. */
int journal_file_set_aside(const struct journal *journal, const char *reason);

/* What a failure with `err` is about, for the human: the mailbox, or what stands in the journal's
 * place. */
const char *journal_file_subject(const struct journal *journal, int err);

void journal_file_done(struct journal *journal);

#endif

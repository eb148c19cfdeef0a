/*
 * note - a few words on what is about to be done to a mailbox's end, written down under its lock,
 * so that the next one to lock the mailbox can take it back or finish it. One file for each
 * mailbox, which stays: append_note.h and shorten.h are what is written into it.
 */
#ifndef SPOOL_NOTE_H
#define SPOOL_NOTE_H

#include "mbox.h"

#define NOTE_HEAD    128
#define NOTE_SECTORS 16

enum note_kind { NOTE_NONE, NOTE_APPEND, NOTE_SHORTEN };

struct note {
	uint64_t magic;
	uint64_t kind; /* enum note_kind */
	uint64_t ino;
	int64_t boot;      /* when this host was booted, in seconds: note_boot() */
	uint64_t old_size; /* of the mailbox before */
	uint64_t end;      /* and when it is done */
	uint64_t head_len;
	char head[NOTE_HEAD]; /* what is, or will be, where the two part */
	uint64_t block;       /* NOTE_SHORTEN: see brim.h */
	uint64_t brim[NOTE_SECTORS];
	uint64_t sum; /* of all before it */
};

/* Open the note, as mbox->note, until mbox_close(), and read it. kind NOTE_NONE: nothing is being
 * done, also where the note was being written when its writer was killed. 0 or -errno. */
int note_read(struct mbox *mbox, struct note *note);

/* Put the note down: ino, magic and sum are filled in. text[0..len) is where its head comes from. 0
 * or -errno. */
int note_write(struct mbox *mbox, struct note *note, const char *text, size_t len);

/* What it says is done, or taken back. 0 or -errno. */
int note_clear(const struct mbox *mbox);

/* When this host was booted, in seconds, as the clocks tell it, which is not to the second; and who
 * sets the clock has booted, as far as this goes. */
int64_t note_boot(void);
bool note_is_this_boot(int64_t boot);

/* Was the note written before this host was booted last, or never? Then the power may have been cut
 * since. */
bool note_is_of_old(const struct mbox *mbox, const struct note *note);

/* The file goes. 0 or -errno. */
int note_remove(const struct mbox *mbox);

/* As state_file_refuse(), of the note. */
int note_refuse(const struct mbox *mbox, int err, const char *what, struct why *why);

#endif

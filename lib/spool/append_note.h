/*
 * append_note - what a delivery is about to do, written down under the mailbox's lock before it
 * does it, so that the next one to lock the mailbox can take back half a message if it was killed.
 *
 * The note is not made durable: where the power went out, a note that was lost means a message that
 * was never promised and may lie there in part. It names the size that the mailbox has once the
 * message is whole, so a note that outlives its delivery (cleared in memory, but not on the disk)
 * harms nothing.
 */
#ifndef SPOOL_APPEND_NOTE_H
#define SPOOL_APPEND_NOTE_H

#include "note.h"

/* Take back what the note says was begun and not finished. Needs the lock. 0, or -errno with *why
 * filled. */
int append_note_recover(struct mbox *mbox, const struct note *note, struct why *why);

/* The mailbox is about to grow from mbox->st.st_size to `end`; text[0..len) is what it gets first.
 */
int append_note_begin(struct mbox *mbox, uint64_t end, const char *text, size_t len);

/* The message is whole, or taken back. */
void append_note_end(const struct mbox *mbox);

/* Is there something to take back? 1, 0 or -errno. Needs the lock, if only for reading. */
int append_note_look(const struct mbox *mbox, const struct note *note);

#endif

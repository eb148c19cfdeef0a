/* note - see note.h. Trusts what has the right checksum: the folder is its owner's alone. */
#include "note.h"

#include "base/fd.h"
#include "checksum.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x3365746f6e786270u /* "pbxnote3" */

static uint64_t note_sum(const struct note *note)
{
	return checksum(0, note, offsetof(struct note, sum));
}

static int note_path(const struct mbox *mbox, char out[static PATH_MAX])
{
	return state_file_join(mbox->place->state, mbox->name, "append", out);
}

/* The note's fd or -errno. */
static int note_open(const struct mbox *mbox, int flags)
{
	char path[PATH_MAX];
	int err = note_path(mbox, path);

	return err ? err : state_file_open(path, flags);
}

int note_read(struct mbox *mbox, struct note *note)
{
	ssize_t len;

	note->kind = NOTE_NONE;
	mbox->note = note_open(mbox, 0);
	if (mbox->note == -ENOENT)
		return 0;
	if (mbox->note < 0)
		return mbox->note;
	len = fd_pread(mbox->note, note, sizeof(*note), 0);
	if (len < 0)
		return (int)len;
	if ((size_t)len < sizeof(*note) || note->magic != MAGIC || note->sum != note_sum(note) ||
		note->head_len > sizeof(note->head))
		note->kind = NOTE_NONE;
	return 0;
}

int note_write(struct mbox *mbox, struct note *note, const char *text, size_t len, bool *made)
{
	bool is_new = mbox->note < 0;

	note->magic = MAGIC;
	note->ino = mbox->st.st_ino;
	note->head_len = len < sizeof(note->head) ? len : sizeof(note->head);
	memcpy(note->head, text, note->head_len);
	note->sum = note_sum(note);
	if (is_new)
		mbox->note = note_open(mbox, O_CREAT);
	if (made)
		*made = is_new;
	return mbox->note < 0 ? mbox->note : fd_pwrite(mbox->note, note, sizeof(*note), 0);
}

int note_clear(const struct mbox *mbox)
{
	const uint64_t none = 0;

	return fd_pwrite(mbox->note, &none, sizeof(none), 0);
}

int note_remove(const struct mbox *mbox)
{
	char path[PATH_MAX];
	int err = note_path(mbox, path);

	if (err)
		return err;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

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
#include <time.h>
#include <unistd.h>

#define MAGIC 0x3565746f6e786270u /* "pbxnote5" */

#define BOOT_ERROR 30

static uint64_t note_sum(const struct note *note)
{
	return checksum(0, note, offsetof(struct note, sum));
}

int64_t note_boot(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return (int64_t)now.tv_sec - (int64_t)up.tv_sec;
}

bool note_is_this_boot(int64_t boot)
{
	int64_t since = note_boot() - boot;

	return since <= BOOT_ERROR && since >= -BOOT_ERROR;
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

	memset(note, 0, sizeof(*note));
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
		memset(note, 0, sizeof(*note));
	return 0;
}

int note_write(struct mbox *mbox, struct note *note, const char *text, size_t len)
{
	note->magic = MAGIC;
	note->ino = mbox->st.st_ino;
	note->boot = note_boot();
	note->head_len = len < sizeof(note->head) ? len : sizeof(note->head);
	memcpy(note->head, text, note->head_len);
	note->sum = note_sum(note);
	if (mbox->note < 0)
		mbox->note = note_open(mbox, O_CREAT);
	return mbox->note < 0 ? mbox->note : fd_pwrite(mbox->note, note, sizeof(*note), 0);
}

int note_clear(const struct mbox *mbox)
{
	struct note none = {.magic = MAGIC, .kind = NOTE_NONE, .ino = mbox->st.st_ino};

	none.boot = note_boot();
	none.sum = note_sum(&none);
	return fd_pwrite(mbox->note, &none, sizeof(none), 0);
}

bool note_is_of_old(const struct mbox *mbox, const struct note *note)
{
	return note->ino != mbox->st.st_ino || !note_is_this_boot(note->boot);
}

int note_remove(const struct mbox *mbox)
{
	char path[PATH_MAX];
	int err = note_path(mbox, path);

	if (err)
		return err;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int note_refuse(const struct mbox *mbox, int err, const char *what, struct why *why)
{
	char path[PATH_MAX];

	if (note_path(mbox, path) < 0)
		return why_errno(why, err, mbox->path, what);
	return state_file_refuse(why, err, mbox->path, what, path);
}

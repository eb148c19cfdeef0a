/*
 * append_note - see append_note.h.
 *
 * Trusts the note only where the mailbox bears it out: same file, larger than it was and not yet as
 * large as it was to become, the message's first octets where they must be, and no From_ line of
 * anybody else's behind them. In any other case the mailbox stays as it is: half a message more is
 * a nuisance, a message less a loss.
 */
#include "append_note.h"

#include "base/fd.h"
#include "disk.h"
#include "mbox_from.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW (64UL * 1024)

int append_note_begin(struct mbox *mbox, uint64_t end, const char *text, size_t len)
{
	struct note note = {
		.kind = NOTE_APPEND, .old_size = (uint64_t)mbox->st.st_size, .end = end};

	return note_write(mbox, &note, text, len);
}

void append_note_end(const struct mbox *mbox)
{
	(void)note_clear(mbox); /* if that fails the mailbox disproves the note */
}

static bool is_line_begin(const char *text, const char *at)
{
	return at == text || at[-1] == '\n';
}

/* "Name:" (RFC 5322 2.2), or too little of a line to tell. Behind a From_ line comes a header;
 * behind a sentence that says "From January 5, 10:30" in its middle rarely does. */
static bool is_field(const char *at, const char *end)
{
	const char *name = at;

	for (; at < end && *at != ':'; at++) {
		if (*at <= ' ' || *at == 0x7f)
			return false;
	}
	return at == end || at > name;
}

/*
 * A From_ line that begins in [0, WINDOW) of text, be it glued to the end of what was torn. A '>'
 * in front of it may be our own quoting, or the last octet before the tear: it does not tell.
 */
static bool has_from_line(const char *text, size_t len)
{
	const char *end = text + len;
	const char *at = text;

	while ((at = memmem(at, (size_t)(end - at), "From ", 5)) && at < text + WINDOW) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if (mbox_from_is_line(at, (size_t)((lf ? lf : end) - at)) &&
			(is_line_begin(text, at) || !lf || is_field(lf + 1, end)))
			return true;
		at++;
	}
	return false;
}

/* Is there a From_ line in [from, to)? 1, 0 or -errno. Windows overlap by a line's length. */
static int find_from_line(int fd, uint64_t from, uint64_t to)
{
	char *text = malloc(WINDOW + MBOX_FROM_MAX);
	int found = text ? 0 : -ENOMEM;

	while (!found && from < to) {
		uint64_t left = to - from;
		size_t want = left < WINDOW + MBOX_FROM_MAX ? (size_t)left : WINDOW + MBOX_FROM_MAX;
		ssize_t len = fd_pread(fd, text, want, from);

		if (len < 0)
			found = (int)len;
		else
			found = has_from_line(text, (size_t)len);
		if (left <= WINDOW)
			break;
		from += WINDOW;
	}
	free(text);
	return found;
}

/* Where our From_ line ends in the note's head, or 0 if it is longer. */
static size_t first_line_end(const struct note *note)
{
	size_t at = 0;
	const char *lf;

	while (at < note->head_len && note->head[at] == '\n')
		at++;
	lf = memchr(note->head + at, '\n', note->head_len - at);
	return lf ? (size_t)(lf + 1 - note->head) : 0;
}

/* Does the mailbox end in the begin of the message that the note is about? 1, 0 or -errno. */
static int is_torn(int fd, const struct stat *st, const struct note *note)
{
	uint64_t size = (uint64_t)st->st_size;
	char head[NOTE_HEAD];
	uint64_t behind;
	ssize_t len;
	int found;

	if (note->ino != st->st_ino || size <= note->old_size || size >= note->end)
		return 0;
	len = fd_pread(fd, head, note->head_len, note->old_size);
	if (len < 0)
		return (int)len;
	if (memcmp(head, note->head, (size_t)len) != 0)
		return 0;
	behind = first_line_end(note);
	if (behind == 0)
		behind = note->head_len;
	if (note->old_size + behind >= size)
		return 1;
	found = find_from_line(fd, note->old_size + behind, size);
	return found < 0 ? found : !found;
}

/* On disk before the note goes: else a power cut could keep the half and lose the note. */
static int take_back(const struct mbox *mbox, uint64_t size)
{
	int err = disk_truncate(mbox->fd, size);

	return err ? err : disk_sync(mbox->fd);
}

int append_note_look(const struct mbox *mbox, const struct note *note)
{
	struct stat st;

	return fstat(mbox->fd, &st) < 0 ? -errno : is_torn(mbox->fd, &st, note);
}

int append_note_recover(struct mbox *mbox, const struct note *note, struct why *why)
{
	int err = append_note_look(mbox, note);

	if (err > 0)
		err = take_back(mbox, note->old_size);
	if (!err)
		err = note_clear(mbox);
	return err ? note_refuse(mbox, -err, "take back an interrupted delivery", why) : 0;
}

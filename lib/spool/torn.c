/*
 * torn - see torn.h.
 *
 * No mail program writes zeros where a From_ line goes, and SMTP knows no NUL (RFC 5321 section
 * 4.1.1.4 with 2.3.8: lines of ASCII). But a mailbox may hold anything. So zeros count only as long
 * as a disk's write can leave them: to the border of a sector, or to the end of the file. If others
 * have nevertheless meant them, all that was changed are the zeros.
 */
#include "torn.h"

#include "base/fd.h"
#include "disk.h"
#include "mbox_from.h"
#include "mbox_pad.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR     512
#define ZEROS_MAX  65536
#define WINDOW     (256UL * 1024)
#define WINDOW_MAX (64UL * 1024 * 1024)

/* Octets of the mailbox, from offset `from` on up to its end or as many as were asked for. */
struct window {
	uint64_t from;
	size_t len;
	bool has_end; /* it reaches to the mailbox's end */
	char *text;
};

static int window_read(struct window *window, const struct mbox *mbox, uint64_t from, size_t most)
{
	uint64_t left = (uint64_t)mbox->st.st_size - from;
	ssize_t got;

	window->from = from;
	window->len = left < most ? (size_t)left : most;
	window->has_end = window->len == left;
	window->text = malloc(window->len + 1);
	if (!window->text)
		return -ENOMEM;
	got = fd_pread(mbox->fd, window->text, window->len, from);
	if (got == (ssize_t)window->len)
		return 0;
	free(window->text);
	window->text = NULL;
	return got < 0 ? (int)got : -EIO; /* shrunk under our lock */
}

static int window_read_end(struct window *window, const struct mbox *mbox, uint64_t most)
{
	uint64_t size = (uint64_t)mbox->st.st_size;

	return window_read(window, mbox, size > most ? size - most : 0, most);
}

static int is_zero(const struct mbox *mbox, uint64_t offset)
{
	char octet = 'x';
	ssize_t len = fd_pread(mbox->fd, &octet, 1, offset);

	return len < 0 ? (int)len : octet == '\0';
}

static void tell(const struct mbox *mbox, uint64_t at, uint64_t octets, const char *what)
{
	char text[PATH_MAX + 300];

	if (!mbox->place->note)
		return;
	snprintf(text, sizeof(text),
		"%s: %llu zeros at offset %llu, as a power cut leaves them where a delivery had "
		"not yet been acknowledged, %s",
		mbox->path, (unsigned long long)octets, (unsigned long long)at, what);
	mbox->place->note(mbox->place->note_context, text);
}

/* Does text[0..len) end in an empty line? */
static bool is_after_empty_line(const char *text, size_t len)
{
	size_t cr;

	if (len == 0 || text[len - 1] != '\n')
		return false;
	cr = len > 1 && text[len - 2] == '\r';
	return len > cr + 1 && text[len - 2 - cr] == '\n';
}

/* The zeros at the end. *size: what the mailbox has without them; as it is if they are not a power
 * cut's. */
static int find_end(const struct mbox *mbox, uint64_t *size)
{
	struct window window;
	int err = window_read_end(&window, mbox, ZEROS_MAX);
	size_t len = window.len;

	*size = (uint64_t)mbox->st.st_size;
	if (err)
		return err;
	while (len > 0 && window.text[len - 1] == '\0')
		len--;
	if (len > 0 ? is_after_empty_line(window.text, len) : window.from == 0)
		*size = window.from + len;
	free(window.text);
	return 0;
}

static int cut_end(struct mbox *mbox)
{
	uint64_t old = (uint64_t)mbox->st.st_size;
	uint64_t size;
	int err = find_end(mbox, &size);

	if (err || size == old)
		return err;
	err = disk_truncate(mbox->fd, size);
	if (!err)
		err = disk_sync(mbox->fd);
	if (!err && fstat(mbox->fd, &mbox->st) < 0)
		err = -errno;
	if (!err)
		tell(mbox, size, old - size, "were cut off at its end");
	return err;
}

/* How many zeros begin at text[at], if they end as a disk's write does; else 0. */
static size_t count_zeros(const struct window *window, size_t at)
{
	size_t end = at;

	while (end < window->len && window->text[end] == '\0')
		end++;
	if (end == window->len ? !window->has_end : (window->from + end) % SECTOR != 0)
		return 0;
	return end - at;
}

/* A From_ line, and in front of the rest of `len` octets padding, or empty lines where there is too
 * little room for it. Returns how many octets that are. */
static size_t make_border(char *text, size_t len)
{
	size_t line = mbox_from_make("", 0, text);
	size_t room = len > line ? len - line : 0;

	if (room >= MBOX_PAD_MIN)
		mbox_pad_make(text + line, room);
	else
		memset(text + line, '\n', room);
	return line + room;
}

/* In place of the zeros, and of what follows them if they are fewer than a From_ line needs. */
static int put_border(struct mbox *mbox, uint64_t at, size_t zeros)
{
	char *text = malloc(ZEROS_MAX + MBOX_FROM_MAX);
	size_t len;
	int err;

	if (!text)
		return -ENOMEM;
	len = make_border(text, zeros);
	err = fd_pwrite(mbox->fd, text, len, at);
	free(text);
	if (!err)
		err = disk_sync(mbox->fd);
	if (!err && fstat(mbox->fd, &mbox->st) < 0)
		err = -errno;
	if (!err)
		tell(mbox, at, zeros, "have become a From_ line");
	return err;
}

static int mend_begin(struct mbox *mbox)
{
	struct window window;
	int err = window_read(&window, mbox, 0, ZEROS_MAX);
	size_t zeros;

	if (err)
		return err;
	zeros = count_zeros(&window, 0);
	free(window.text);
	return zeros > 0 ? put_border(mbox, 0, zeros) : 0;
}

static bool has_from_line(const struct window *window)
{
	const char *end = window->text + window->len;
	const char *at = window->text;

	while ((at = memmem(at, (size_t)(end - at), "\n\nFrom ", 7))) {
		const char *lf = memchr(at + 2, '\n', (size_t)(end - at - 2));

		if (lf && mbox_from_is_line(at + 2, (size_t)(lf - at) - 2))
			return true;
		at++;
	}
	return false;
}

/* Where in the window zeros begin behind an empty line; its length: nowhere. */
static size_t find_middle(const struct window *window, size_t *zeros)
{
	const char *at = window->text;
	const char *end = window->text + window->len;

	while ((at = memchr(at, '\0', (size_t)(end - at)))) {
		size_t offset = (size_t)(at - window->text);

		*zeros = count_zeros(window, offset);
		if (*zeros > 0 && *zeros <= ZEROS_MAX && is_after_empty_line(window->text, offset))
			return offset;
		while (at < end && *at == '\0')
			at++;
	}
	return window->len;
}

/* Look in so much of the mailbox's end that the begin of its last message is in it, or one that the
 * power left without. */
static int mend_middle(struct mbox *mbox)
{
	for (uint64_t most = WINDOW;; most *= 4) {
		struct window window;
		int err = window_read_end(&window, mbox, most);
		size_t zeros = 0;
		bool is_enough;
		size_t at;

		if (err)
			return err;
		at = find_middle(&window, &zeros);
		is_enough = at < window.len || window.from == 0 || most >= WINDOW_MAX ||
			    has_from_line(&window);
		free(window.text);
		if (is_enough)
			return at < window.len ? put_border(mbox, window.from + at, zeros) : 0;
	}
}

static int mend(struct mbox *mbox, bool with_middle)
{
	int err = is_zero(mbox, (uint64_t)mbox->st.st_size - 1);

	if (err > 0)
		err = cut_end(mbox);
	if (!err && mbox->st.st_size > 0)
		err = is_zero(mbox, 0);
	if (err > 0)
		err = mend_begin(mbox);
	return err || !with_middle || mbox->st.st_size == 0 ? err : mend_middle(mbox);
}

int torn_mend(struct mbox *mbox, bool with_middle, struct why *why)
{
	int err = mbox->st.st_size > 0 ? mend(mbox, with_middle) : 0;

	return err ? why_errno(why, -err, mbox->path, "mend what a power cut has left") : 0;
}

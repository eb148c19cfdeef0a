/*
 * mbox_scan - see mbox_scan.h.
 *
 * One pass, constant memory apart from the table. Only a line that may be a From_ line or padding
 * is ever kept, so lines may be of any length and hold any octets. Headers are taken line by line;
 * bodies, which are nearly all of a mailbox, in blocks (mbox_lines.h) as long as nothing in them
 * may begin a message. The count of wire octets must be what a reader gets who unquotes
 * (mail/mboxrd.h) and ends each line in CRLF (mail/crlf.h); the unit tests compare them.
 */
#include "mbox_scan.h"

#include "base/fd.h"
#include "base/why.h"
#include "mbox_lines.h"
#include "mbox_pad.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define READ_SIZE (1UL << 20)

static void line_begin(struct mbox_scan *scan)
{
	scan->line_at = scan->at;
	scan->line_len = 0;
	scan->ends_in_cr = false;
	scan->is_kept = !scan->is_open || scan->at_front || scan->blank_len > 0;
	scan->head_len = 0;
	scan->at_margin = true;
	scan->quoted = false;
	scan->matched = 0;
}

/* As behind the messages that are known already. */
static void uidls_begin(struct mbox_table *table)
{
	table->uidls.highest = 0;
	table->uidls.has_internal = false;
	for (size_t n = 0; n < table->len; n++)
		uidl_kept_pass(&table->uidls, table->at[n].seen.uidl);
}

void mbox_scan_begin_at(struct mbox_scan *scan, struct mbox_table *table, uint64_t from)
{
	uidls_begin(table);
	*scan = (struct mbox_scan){.table = table, .at = from, .is_resumed = table->len > 0};
	line_begin(scan);
}

void mbox_scan_begin(struct mbox_scan *scan, struct mbox_table *table)
{
	mbox_scan_begin_at(scan, table, 0);
}

/* Is this ">+From "? What is quoted has one octet less on the wire. */
static void match_quote(struct mbox_scan *scan, const char *text, size_t len)
{
	for (size_t i = 0; i < len && scan->at_margin; i++) {
		if (text[i] == '>' && scan->matched == 0) {
			scan->quoted = true;
		} else if (scan->quoted && text[i] == "From "[scan->matched]) {
			scan->at_margin = ++scan->matched < 5;
		} else {
			scan->at_margin = false;
			scan->quoted = false;
		}
	}
}

static void take_text(struct mbox_scan *scan, const char *text, size_t len)
{
	if (scan->at_margin)
		match_quote(scan, text, len);
	if (uidl_wants_more(&scan->uidl))
		uidl_text(&scan->uidl, text, len);
}

/* Keep what may be no text. The first line of the file may be of any length: its begin is enough.
 */
static void take_kept(struct mbox_scan *scan, const char *text, size_t len)
{
	size_t room = sizeof(scan->head) - scan->head_len;
	size_t keep = len < room ? len : room;

	memcpy(scan->head + scan->head_len, text, keep);
	scan->head_len += keep;
	if (keep == len || !scan->is_open)
		return;
	scan->is_kept = false;
	take_text(scan, scan->head, scan->head_len);
	take_text(scan, text + keep, len - keep);
}

static void take_piece(struct mbox_scan *scan, const char *text, size_t len)
{
	if (len == 0)
		return;
	scan->line_len += len;
	scan->ends_in_cr = text[len - 1] == '\r';
	scan->at += len;
	if (scan->is_kept)
		take_kept(scan, text, len);
	else
		take_text(scan, text, len);
}

static struct mbox_message *last_message(const struct mbox_scan *scan)
{
	return &scan->table->at[scan->table->len - 1];
}

static void message_end(struct mbox_scan *scan, uint64_t end)
{
	struct mbox_message *message = last_message(scan);

	message->length = end - scan->blank_len - message->offset;
	message->seen.octets = scan->octets;
	uidl_finish(&scan->uidl, message->seen.uidl);
	message->uidl_len = (uint8_t)strlen(message->seen.uidl);
}

static int message_begin(struct mbox_scan *scan)
{
	struct mbox_message *message;
	int err;

	if (scan->is_open)
		message_end(scan, scan->line_at);
	err = mbox_table_add(scan->table, &message);
	if (err)
		return err;
	message->from = scan->line_at;
	message->offset = scan->at;
	scan->is_open = true;
	scan->at_front = true;
	scan->in_padding = false;
	scan->octets = 0;
	scan->blank_len = 0;
	uidl_init(&scan->uidl, &scan->table->uidls, scan->table->len == 1);
	return 0;
}

/* The line that has ended belongs to a message. An empty one is held back: it may be the separator.
 */
static void text_line_end(struct mbox_scan *scan, bool blank, bool has_lf)
{
	if (scan->blank_len > 0)
		scan->octets += 2;
	scan->blank_len = blank ? (unsigned)scan->line_len + 1 : 0;
	if (!blank)
		scan->octets += scan->line_len - (has_lf && scan->ends_in_cr) + 2;
	if (!blank && scan->quoted && !scan->at_margin)
		scan->octets--;
	if (has_lf && uidl_wants_more(&scan->uidl))
		uidl_line_end(&scan->uidl);
	scan->at_front = false;
}

/* No message has begun yet: one does here, or at the file's begin behind empty lines. */
static int first_line_end(struct mbox_scan *scan, size_t len, bool blank)
{
	if (scan->is_resumed)
		return mbox_from_is_line(scan->head, len) ? message_begin(scan) : -EBADMSG;
	if (blank)
		return 0;
	return mbox_from_is_prefix(scan->head, len) ? message_begin(scan) : -EBADMSG;
}

static bool is_padding(const struct mbox_scan *scan, size_t len)
{
	return scan->at_front && len <= MBOX_FROM_MAX &&
	       (mbox_pad_is_begin(scan->head, len) ||
		       (scan->in_padding && mbox_pad_is_more(scan->head, len)));
}

static void take_padding(struct mbox_scan *scan)
{
	scan->in_padding = true;
	last_message(scan)->offset = scan->at;
}

static int line_end(struct mbox_scan *scan, bool has_lf)
{
	size_t len = scan->head_len - (scan->head_len > 0 && scan->ends_in_cr && has_lf);
	bool blank = has_lf && scan->line_len == (scan->ends_in_cr ? 1 : 0);

	if (!scan->is_open)
		return first_line_end(scan, len, blank);
	if (scan->is_kept) {
		if (scan->blank_len > 0 && mbox_from_is_line(scan->head, len))
			return message_begin(scan);
		if (has_lf && is_padding(scan, len)) {
			take_padding(scan);
			return 0;
		}
		take_text(scan, scan->head, scan->head_len);
	}
	text_line_end(scan, blank, has_lf);
	return 0;
}

/* Octets of the empty line that ends at text[at - 1], 0 if that is none. text[0] begins a line. */
static unsigned blank_before(const char *text, size_t at)
{
	if (text[at - 1] != '\n')
		return 0;
	if (at == 1 || text[at - 2] == '\n')
		return 1;
	return text[at - 2] == '\r' && (at == 2 || text[at - 3] == '\n') ? 2 : 0;
}

/* Do nothing but '>' stand between text[at] and the begin of its line, at least one? */
static bool is_behind_quotes(const char *text, size_t at)
{
	size_t first = at;

	while (first > 0 && text[first - 1] == '>')
		first--;
	return first < at && (first == 0 || text[first - 1] == '\n');
}

/*
 * Take whole lines of a body: text[0..len) ends in LF and begins with a line that can't be a From_
 * line. Returns where one may be that can, or len. What follows from text_line_end() for each line:
 * its octets and one for each LF that has no CR in front, less one if it is quoted.
 */
static size_t take_lines(struct mbox_scan *scan, const char *text, size_t len)
{
	struct mbox_lines lines = {0};
	size_t quoted = 0;
	size_t at = 0;

	while ((at = mbox_lines_count(text, at, len, &lines)) < len) {
		if (!mbox_from_is_prefix(text + at, len - at))
			continue;
		if (blank_before(text, at))
			break;
		quoted += is_behind_quotes(text, at);
	}
	if (uidl_wants_more(&scan->uidl))
		uidl_text(&scan->uidl, text, at);
	scan->at += at;
	scan->blank_len = blank_before(text, at);
	scan->octets += at + lines.lf - lines.crlf - quoted - (scan->blank_len ? 2 : 0);
	line_begin(scan);
	return at;
}

static bool is_fast(const struct mbox_scan *scan)
{
	return scan->line_len == 0 && !scan->is_kept &&
	       (uidl_is_in_body(&scan->uidl) || !uidl_wants_more(&scan->uidl));
}

/* Take the next line, with its LF, or as many as can be taken at once. */
static int take_line(struct mbox_scan *scan, const char *text, size_t len, size_t *used)
{
	const char *lf;
	int err;

	if (is_fast(scan)) {
		*used = take_lines(scan, text, len);
		return 0;
	}
	lf = memchr(text, '\n', len);
	*used = (size_t)(lf - text) + 1;
	take_piece(scan, text, *used - 1);
	scan->at++;
	err = line_end(scan, true);
	if (!err)
		line_begin(scan);
	return err;
}

int mbox_scan_feed(struct mbox_scan *scan, const char *text, size_t len)
{
	const char *last = memrchr(text, '\n', len);
	size_t lines = last ? (size_t)(last - text) + 1 : 0;
	size_t at = 0;

	while (at < lines) {
		size_t used;
		int err = take_line(scan, text + at, lines - at, &used);

		if (err)
			return err;
		at += used;
	}
	take_piece(scan, text + lines, len - lines);
	return 0;
}

int mbox_scan_end(struct mbox_scan *scan)
{
	int err = scan->line_len > 0 ? line_end(scan, false) : 0;

	scan->table->size = scan->at;
	if (!err && scan->is_resumed && !scan->is_open)
		err = -EBADMSG;
	if (err || !scan->is_open)
		return err;
	message_end(scan, scan->at);
	if (scan->table->uidls.has_internal)
		mbox_table_drop_first(scan->table);
	return mbox_table_number_uidls(scan->table);
}

static int scan_pieces(int fd, uint64_t from, uint64_t size, struct mbox_table *table, char *buffer)
{
	struct mbox_scan scan;
	int err = 0;

	mbox_scan_begin_at(&scan, table, from);
	while (!err && scan.at < size) {
		uint64_t left = size - scan.at;
		ssize_t len =
			fd_pread(fd, buffer, left < READ_SIZE ? (size_t)left : READ_SIZE, scan.at);

		if (len <= 0)
			return len < 0 ? (int)len : -EIO; /* shrunk under our lock */
		err = mbox_scan_feed(&scan, buffer, (size_t)len);
	}
	return err ? err : mbox_scan_end(&scan);
}

static int scan_file(int fd, uint64_t from, uint64_t size, struct mbox_table *table)
{
	char *buffer = malloc(READ_SIZE);
	int err = -ENOMEM;

	if (size > from + READ_SIZE) /* let the disk be ahead of us; a hint, which nothing depends
					on */
		(void)posix_fadvise(fd, (off_t)from, 0, POSIX_FADV_SEQUENTIAL);
	if (buffer)
		err = scan_pieces(fd, from, size, table, buffer);
	free(buffer);
	if (err)
		mbox_table_done(table);
	return err;
}

int mbox_scan(int fd, uint64_t size, const char *path, struct mbox_table *table, struct why *why)
{
	int err = scan_file(fd, 0, size, table);

	if (err == -EBADMSG)
		return why_set(why, EBADMSG, WHY_PERM, "5.2.0",
			"%s: not an mbox: does not begin with a From_ line", path);
	return err ? why_errno(why, -err, path, "read") : 0;
}

/* Is the line that ends at this offset of the file an empty one? -EBADMSG: it isn't. */
static int check_empty_line(int fd, uint64_t end)
{
	char tail[3] = "\n\n\n"; /* a file's begin is as good as a line end */
	size_t len = end < sizeof(tail) ? (size_t)end : sizeof(tail);
	ssize_t got = fd_pread(fd, tail + sizeof(tail) - len, len, end - len);

	if (got < 0)
		return (int)got;
	if ((size_t)got == len && tail[2] == '\n' &&
		(tail[1] == '\n' || (tail[1] == '\r' && tail[0] == '\n')))
		return 0;
	return -EBADMSG;
}

int mbox_scan_from(int fd, uint64_t from, uint64_t size, const char *path, struct mbox_table *table,
	struct why *why)
{
	int err = 0;

	while (table->len > 0 && table->at[table->len - 1].from >= from)
		table->len--;
	if (table->len == 0)
		from = 0; /* in front of the first message are empty lines, if anything */
	else
		err = check_empty_line(fd, from);
	if (!err)
		err = scan_file(fd, from, size, table);
	if (!err)
		return 0;
	mbox_table_done(table);
	return err == -EBADMSG ? err : why_errno(why, -err, path, "read");
}

/*
 * mbox_scan - see mbox_scan.h.
 *
 * One pass, constant memory apart from the table. Only a line that may be a From_ line is ever
 * kept, so lines may be of any length and hold any octets. The count of wire octets must be what a
 * reader gets who unquotes (mail/mboxrd.h) and ends each line in CRLF (mail/crlf.h); the unit tests
 * compare them.
 */
#include "mbox_scan.h"

#include "base/fd.h"
#include "base/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ_SIZE (256UL * 1024)

static void line_begin(struct mbox_scan *scan)
{
	scan->line_at = scan->at;
	scan->line_len = 0;
	scan->ends_in_cr = false;
	scan->candidate = scan->table->len == 0 || scan->blank_len > 0;
	scan->head_len = 0;
	scan->at_margin = true;
	scan->quoted = false;
	scan->matched = 0;
}

void mbox_scan_begin(struct mbox_scan *scan, struct mbox_table *table)
{
	*scan = (struct mbox_scan){.table = table};
	line_begin(scan);
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

/* Keep what may become a From_ line. The first of the file may be of any length: its begin is
 * enough. */
static void take_candidate(struct mbox_scan *scan, const char *text, size_t len)
{
	size_t room = sizeof(scan->head) - scan->head_len;
	size_t keep = len < room ? len : room;

	memcpy(scan->head + scan->head_len, text, keep);
	scan->head_len += keep;
	if (keep == len || scan->table->len == 0)
		return;
	scan->candidate = false;
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
	if (scan->candidate)
		take_candidate(scan, text, len);
	else
		take_text(scan, text, len);
}

static void message_end(struct mbox_scan *scan, uint64_t end)
{
	struct mbox_message *message = &scan->table->at[scan->table->len - 1];

	message->length = end - scan->blank_len - message->offset;
	message->seen.octets = scan->octets;
	uidl_finish(&scan->uidl, message->seen.uidl);
}

static int message_begin(struct mbox_scan *scan)
{
	struct mbox_message *message;
	int err;

	if (scan->table->len > 0)
		message_end(scan, scan->line_at);
	err = mbox_table_add(scan->table, &message);
	if (err)
		return err;
	message->from = scan->line_at;
	message->offset = scan->at;
	scan->octets = 0;
	scan->blank_len = 0;
	uidl_init(&scan->uidl);
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
	if (uidl_wants_more(&scan->uidl))
		uidl_line_end(&scan->uidl);
}

static int line_end(struct mbox_scan *scan, bool has_lf)
{
	size_t len = scan->head_len - (scan->head_len > 0 && scan->ends_in_cr && has_lf);
	bool blank = has_lf && scan->line_len == (scan->ends_in_cr ? 1 : 0);

	if (scan->table->len == 0) {
		if (blank) /* in front of the first message */
			return 0;
		return mbox_from_is_prefix(scan->head, scan->head_len) ? message_begin(scan)
								       : -EBADMSG;
	}
	if (scan->candidate) {
		if (mbox_from_is_line(scan->head, len))
			return message_begin(scan);
		take_text(scan, scan->head, scan->head_len);
	}
	text_line_end(scan, blank, has_lf);
	return 0;
}

int mbox_scan_feed(struct mbox_scan *scan, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *lf = memchr(text, '\n', (size_t)(end - text));
		int err;

		take_piece(scan, text, (size_t)((lf ? lf : end) - text));
		if (!lf)
			return 0;
		scan->at++;
		err = line_end(scan, true);
		if (err)
			return err;
		line_begin(scan);
		text = lf + 1;
	}
	return 0;
}

int mbox_scan_end(struct mbox_scan *scan)
{
	int err = scan->line_len > 0 ? line_end(scan, false) : 0;

	scan->table->size = scan->at;
	if (err || scan->table->len == 0)
		return err;
	message_end(scan, scan->at);
	return mbox_table_number_uidls(scan->table);
}

static int scan_pieces(int fd, uint64_t size, struct mbox_table *table, char *buffer)
{
	struct mbox_scan scan;
	int err = 0;

	mbox_scan_begin(&scan, table);
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

int mbox_scan(int fd, uint64_t size, const char *path, struct mbox_table *table, struct why *why)
{
	char *buffer = malloc(READ_SIZE);
	int err = buffer ? scan_pieces(fd, size, table, buffer) : -ENOMEM;

	free(buffer);
	if (!err)
		return 0;
	mbox_table_done(table);
	if (err == -EBADMSG)
		return why_set(why, EBADMSG, WHY_PERM, "5.2.0",
			"%s: not an mbox: does not begin with a From_ line", path);
	return why_errno(why, -err, path, "read");
}

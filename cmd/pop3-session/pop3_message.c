/*
 * pop3_message - see pop3_message.h. A chain of small streams: pread, mboxrd, the cut for TOP,
 * crlf.
 */
#include "pop3_message.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>

#define DOT_LEN 3 /* of ".\r\n" */

void pop3_message_open(
	struct pop3_message *message, const struct pop3_extent *extent, uint64_t body_lines)
{
	message->extent = *extent;
	message->read = 0;
	message->raw_at = 0;
	message->raw_end = 0;
	message->text_len = 0;
	message->drained = false;
	message->lines_left = body_lines;
	message->in_header = true;
	message->line_len = 0;
	message->finished = false;
	mboxrd_init(&message->mboxrd, MBOXRD_UNQUOTE);
	crlf_init(&message->crlf);
}

/* Read the next piece of the file. A file that ends before the message does was cut by somebody. */
static int read_piece(struct pop3_message *message)
{
	uint64_t left = message->extent.range.length - message->read;
	size_t want = left < sizeof(message->raw) ? (size_t)left : sizeof(message->raw);
	ssize_t n = fd_pread(message->extent.fd, message->raw, want,
		message->extent.range.offset + message->read);

	if (n < 0)
		return (int)n;
	if ((size_t)n < want)
		return -ESTALE;
	message->read += want;
	message->raw_at = 0;
	message->raw_end = want;
	return 0;
}

/* Is the line that ends here, after len more octets from at on, an empty one? */
static bool ends_empty_line(const struct pop3_message *message, const char *at, size_t len)
{
	size_t total = message->line_len + len; /* with its LF */
	bool cr = message->line_len ? message->line_has_cr : *at == '\r';

	return total == 1 || (total == 2 && cr);
}

/* A line, or a part of one, goes by: where are we in the message after that? */
static void count_line(struct pop3_message *message, const char *at, size_t len, bool whole)
{
	if (!whole) {
		if (message->line_len == 0)
			message->line_has_cr = *at == '\r';
		message->line_len += len;
		return;
	}
	if (!message->in_header)
		message->lines_left--;
	else if (ends_empty_line(message, at, len))
		message->in_header = false;
	message->line_len = 0;
}

/* How much of the text is asked for (RFC 1939 section 7: headers, the blank line, n lines of the
 * body)? */
static size_t cut(struct pop3_message *message)
{
	size_t at = 0;

	while (at < message->text_len) {
		const char *begin = message->text + at;
		size_t left = message->text_len - at;
		const char *lf = memchr(begin, '\n', left);
		size_t len = lf ? (size_t)(lf - begin) + 1 : left;

		if (!message->in_header && message->lines_left == 0) {
			message->drained = true;
			break;
		}
		count_line(message, begin, len, lf);
		at += len;
	}
	return at;
}

/* Unquote a bit of what was read, or, behind the last of it, what the decoder still holds. */
static void unquote(struct pop3_message *message)
{
	size_t left = message->raw_end - message->raw_at;
	size_t used;

	message->text = message->plain;
	if (left > 0) {
		mboxrd_run(&message->mboxrd, message->raw + message->raw_at,
			left < POP3_LINES ? left : POP3_LINES, &used, message->plain,
			sizeof(message->plain), &message->text_len);
		message->raw_at += used;
	} else {
		message->drained = mboxrd_finish(&message->mboxrd, message->plain,
			sizeof(message->plain), &message->text_len);
	}
}

/* Take as much of what was read as can be sent from where it lies. */
static void take_plain(struct pop3_message *message, size_t len)
{
	message->text = message->raw + message->raw_at;
	message->text_len = len;
	message->raw_at += len;
}

/* Get more text: there is some afterwards, or the message is drained, or (once in a while) call
 * again. */
static int refill(struct pop3_message *message)
{
	size_t len;

	if (message->raw_at == message->raw_end && message->read < message->extent.range.length) {
		int err = read_piece(message);

		if (err < 0)
			return err;
	}
	len = message->raw_end - message->raw_at;
	if (message->extent.form == AGENT_FORM_MBOXRD)
		len = mboxrd_plain(&message->mboxrd, message->raw + message->raw_at, len);
	else
		message->drained = len == 0;
	if (len > 0 || message->drained)
		take_plain(message, len);
	else
		unquote(message);
	if (message->lines_left != POP3_WHOLE_MESSAGE)
		message->text_len = cut(message);
	return 0;
}

/* The line end that the last line may lack. The final "." is the loop's to say. */
static size_t finish(struct pop3_message *message, char *out)
{
	char tail[8];
	size_t len = crlf_finish(&message->crlf, tail) - DOT_LEN;

	memcpy(out, tail, len);
	message->finished = true;
	return len;
}

ssize_t pop3_message_read(struct pop3_message *message, char *out, size_t max)
{
	size_t made = 0;

	while (!message->finished && max - made >= 16) {
		size_t used;
		size_t len;

		if (message->text_len == 0 && message->drained) {
			made += finish(message, out + made);
		} else if (message->text_len == 0) {
			int err = refill(message);

			if (err < 0)
				return err;
		} else {
			crlf_run(&message->crlf, message->text, message->text_len, &used,
				out + made, max - made, &len);
			message->text += used;
			message->text_len -= used;
			made += len;
		}
	}
	return (ssize_t)made;
}

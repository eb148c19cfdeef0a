/* encode - see encode.h. Three streams, each feeding the next: line ends, header, quoting. */
#include "encode.h"

#include <string.h>
#include <strings.h>

/*
 * Written by mail programs into their users' mailboxes, and believed there: from outside they would
 * mark mail as read or deleted, or renumber a whole mailbox. A name that ends in '*' is a prefix.
 */
const char *const encode_metadata[] = {
	"Status", "X-Status", "X-UID", "X-UIDL", "X-IMAP*", "X-Keywords", NULL};

void encode_init(struct encode *encode, enum spool_form form, encode_sink *sink, void *context)
{
	*encode = (struct encode){.sink = sink, .context = context, .form = form};
	encode->dropped = encode_metadata;
	encode->in_header = true;
	encode->in_name = true;
	mboxrd_init(&encode->quote, MBOXRD_QUOTE);
}

/* Quote as many of these octets as are quoted at once. What need not be is not copied. */
static int put_some(struct encode *encode, const char *text, size_t len, size_t *used)
{
	char out[512];
	size_t out_len;

	*used = mboxrd_plain(&encode->quote, text, len);
	if (*used > 0)
		return encode->sink(encode->context, text, *used);
	mboxrd_run(&encode->quote, text, len, used, out, sizeof(out), &out_len);
	return encode->sink(encode->context, out, out_len);
}

static int put_quoted(struct encode *encode, const char *text, size_t len)
{
	int err = 0;

	while (!err && len > 0) {
		size_t used;

		err = put_some(encode, text, len, &used);
		text += used;
		len -= used;
	}
	return err;
}

static int put_out(struct encode *encode, const char *text, size_t len)
{
	if (len == 0)
		return 0;
	encode->line_open = text[len - 1] != '\n';
	return encode->form == SPOOL_FORM_MBOXRD ? put_quoted(encode, text, len)
						 : encode->sink(encode->context, text, len);
}

static bool is_dropped(const struct encode *encode, size_t len)
{
	const char *name = encode->name;

	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--; /* RFC 5322 4.5: white space in front of the colon is obsolete, not invalid
			*/
	for (const char *const *known = encode->dropped; *known; known++) {
		size_t known_len = strlen(*known);
		bool prefix = (*known)[known_len - 1] == '*';

		known_len -= prefix;
		if ((prefix ? len >= known_len : len == known_len) &&
			strncasecmp(*known, name, known_len) == 0)
			return true;
	}
	return false;
}

/* The name is known, or no name: let go of it, unless its field is dropped. */
static int name_end(struct encode *encode, bool dropping)
{
	size_t len = encode->name_len;

	encode->in_name = false;
	encode->dropping = dropping;
	encode->name_len = 0;
	return dropping ? 0 : put_out(encode, encode->name, len);
}

/* One octet in front of the colon. *taken: it is part of the name, which is still held back. */
static int take_name(struct encode *encode, char c, bool *taken)
{
	*taken = false;
	if (encode->name_len == 0 && (c == ' ' || c == '\t')) {
		encode->in_name = false; /* a continuation shares its field's fate */
		return 0;
	}
	if (encode->name_len == 0 && c == '\n')
		encode->in_header = false;
	if (c == ':')
		return name_end(encode, is_dropped(encode, encode->name_len));
	if (c == '\n' || encode->name_len == sizeof(encode->name))
		return name_end(encode, false);
	encode->name[encode->name_len++] = c;
	*taken = true;
	return 0;
}

static int put_header(struct encode *encode, const char *text, size_t len)
{
	int err = 0;

	while (!err && len > 0 && encode->in_header) {
		const char *lf = memchr(text, '\n', len);
		size_t part = lf ? (size_t)(lf + 1 - text) : len;
		bool taken = false;

		if (encode->in_name)
			err = take_name(encode, *text, &taken);
		if (taken) {
			part = 1;
		} else {
			if (!err && !encode->dropping)
				err = put_out(encode, text, part);
			encode->in_name = lf != NULL;
		}
		text += part;
		len -= part;
	}
	return err || len == 0 ? err : put_out(encode, text, len);
}

/* The CR that is held back is text. */
static int put_cr(struct encode *encode)
{
	encode->held_cr = false;
	encode->behind_cr = true;
	return put_header(encode, "\r", 1);
}

static bool is_text(const struct encode *encode, char next)
{
	return next != '\n' || (encode->is_exact && encode->is_double);
}

int encode_text(struct encode *encode, const char *text, size_t len)
{
	int err = 0;

	while (!err && len > 0) {
		const char *cr;
		size_t part;

		if (encode->held_cr && is_text(encode, text[0]))
			err = put_cr(encode);
		encode->held_cr = false;
		if (err)
			break;
		cr = memchr(text, '\r', len);
		part = cr ? (size_t)(cr - text) : len;
		if (part > 0)
			encode->behind_cr = false;
		err = put_header(encode, text, part);
		encode->held_cr = cr != NULL;
		encode->is_double = encode->behind_cr;
		part += cr != NULL;
		text += part;
		len -= part;
	}
	return err;
}

/* A last line without LF gets one. */
static int end_line(struct encode *encode)
{
	bool is_cr = encode->is_exact && encode->behind_cr;

	return put_out(encode, is_cr ? "\r\n" : "\n", is_cr ? 2 : 1);
}

int encode_end(struct encode *encode)
{
	char out[16];
	size_t len;
	int err = 0;

	if (encode->held_cr)
		err = put_cr(encode);
	if (!err && encode->name_len > 0)
		err = name_end(encode, false);
	if (!err && encode->line_open)
		err = end_line(encode);
	if (!err && mboxrd_finish(&encode->quote, out, sizeof(out), &len))
		err = encode->sink(encode->context, out, len);
	return err;
}

/* mbox_inspect_lines - see mbox_inspect_lines.h. Takes bytes from anybody; cannot fail. */
#include "mbox_inspect_lines.h"

#include "mail/header.h"
#include "mbox_pad.h"

#include <string.h>

#define NULS_MIN 16 /* fewer are some mail's own */

static void tell(struct mbox_inspect_lines *lines, const struct spool_finding *finding)
{
	lines->found(lines->context, lines, finding);
}

static void line_begin(struct mbox_inspect_lines *lines)
{
	lines->line_at = lines->at;
	lines->line_len = 0;
	lines->head_len = 0;
	lines->last = '\0';
}

void mbox_inspect_lines_begin(struct mbox_inspect_lines *lines,
	void (*found)(void *context, const struct mbox_inspect_lines *lines,
		const struct spool_finding *finding),
	void *context)
{
	*lines = (struct mbox_inspect_lines){.found = found, .context = context, .was_blank = true};
	line_begin(lines);
}

/* Octets of the line. */
static void take(struct mbox_inspect_lines *lines, const char *text, size_t len)
{
	size_t room = sizeof(lines->head) - lines->head_len;
	size_t keep = len < room ? len : room;

	if (len == 0)
		return;
	memcpy(lines->head + lines->head_len, text, keep);
	lines->head_len += keep;
	lines->line_len += len;
	lines->last = text[len - 1];
}

/* NULs in a row have no line ends among them. */
static const char *count_nuls(struct mbox_inspect_lines *lines, const char *text, const char *end)
{
	const char *at = text;

	if (lines->nuls == 0)
		lines->nul_at = lines->at;
	while (at < end && *at == '\0')
		at++;
	lines->nuls += (size_t)(at - text);
	lines->at += (size_t)(at - text);
	return at;
}

static void nuls_end(struct mbox_inspect_lines *lines)
{
	static const char few[NULS_MIN];
	struct spool_finding finding = {.kind = SPOOL_FINDING_NUL,
		.is_damage = true,
		.offset = lines->nul_at,
		.line = lines->lines + 1,
		.length = lines->nuls,
		.mending = SPOOL_MENDING_TAKEN_OUT};

	if (lines->nuls >= NULS_MIN)
		tell(lines, &finding);
	else
		take(lines, few, (size_t)lines->nuls);
	lines->nuls = 0;
}

/* A field's next line (RFC 5322 section 2.2.3). */
static bool is_folded(const char *line, size_t len)
{
	return len > 0 && (line[0] == ' ' || line[0] == '\t');
}

static struct spool_finding about_line(const struct mbox_inspect_lines *lines,
	enum spool_finding_kind kind, bool is_damage, enum spool_mending mending)
{
	return (struct spool_finding){.kind = kind,
		.is_damage = is_damage,
		.offset = lines->line_at,
		.line = lines->lines,
		.mending = mending};
}

/*
 * It is known what the front is. Where it begins with a header it is a message that lacks its
 * From_ line. Else it is none, if a message begins behind it, at `end`; and if none does (0), this
 * is perhaps no mailbox at all.
 */
static void front_end(struct mbox_inspect_lines *lines, uint64_t end)
{
	struct spool_finding *no_from = &lines->no_from;

	if (lines->front == MBOX_INSPECT_FIELDS) {
		no_from->mending = SPOOL_MENDING_FROM_LINE;
	} else if (end > 0) {
		no_from->mending = SPOOL_MENDING_TAKEN_OUT;
		no_from->length = end;
	}
	lines->front = MBOX_INSPECT_NO_FRONT;
	tell(lines, no_from);
}

/* A line of the front that does not begin a message. */
static void check_front(struct mbox_inspect_lines *lines, size_t len, bool is_blank)
{
	if (lines->front != MBOX_INSPECT_FIELDS)
		return;
	if (is_blank || mbox_from_is_line(lines->head, len))
		front_end(lines, 0);
	else if (!header_is_field(lines->head, len) && !is_folded(lines->head, len))
		lines->front = MBOX_INSPECT_TEXT;
}

static void check_first(struct mbox_inspect_lines *lines, size_t len)
{
	lines->has_begun = true;
	lines->at_front = true;
	if (mbox_from_is_prefix(lines->head, len)) {
		lines->begins++;
		return;
	}
	lines->no_from = about_line(lines, SPOOL_FINDING_NO_FROM, true, SPOOL_MENDING_NONE);
	lines->front = header_is_field(lines->head, len) ? MBOX_INSPECT_FIELDS : MBOX_INSPECT_TEXT;
}

static void doubt(struct mbox_inspect_lines *lines, enum spool_finding_kind kind, bool is_damage,
	enum spool_mending mending)
{
	lines->is_doubtful = true;
	lines->doubtful = about_line(lines, kind, is_damage, mending);
}

/* A header follows. */
static void doubt_is_right(struct mbox_inspect_lines *lines)
{
	if (lines->front == MBOX_INSPECT_TEXT && lines->doubtful.kind == SPOOL_FINDING_GLUED)
		front_end(lines, lines->doubtful.offset);
	else
		tell(lines, &lines->doubtful);
}

static void check_ends(struct mbox_inspect_lines *lines, bool is_crlf)
{
	struct spool_finding finding =
		about_line(lines, SPOOL_FINDING_CRLF, false, SPOOL_MENDING_NONE);

	if (lines->lines > 1 && is_crlf != lines->was_crlf && !lines->has_mixed) {
		lines->has_mixed = true;
		tell(lines, &finding);
	}
	lines->was_crlf = is_crlf;
}

static bool is_padding(const struct mbox_inspect_lines *lines, size_t len)
{
	return lines->at_front && len <= MBOX_FROM_MAX &&
	       (mbox_pad_is_begin(lines->head, len) ||
		       (lines->in_padding && mbox_pad_is_more(lines->head, len)));
}

/* A line that begins with "From ". */
static void check_from(struct mbox_inspect_lines *lines, size_t len)
{
	bool is_line = mbox_from_is_line(lines->head, len);

	if (is_line && lines->was_blank) {
		if (lines->front != MBOX_INSPECT_NO_FRONT)
			front_end(lines, lines->line_at);
		lines->begins++;
		lines->at_front = true;
		lines->in_padding = false;
	} else if (is_line) {
		doubt(lines, SPOOL_FINDING_GLUED, true, SPOOL_MENDING_EMPTY_LINE);
	} else if (lines->was_blank) {
		doubt(lines, SPOOL_FINDING_NO_DATE, false, SPOOL_MENDING_NONE);
	}
}

/* Lines in front of the first that is not empty are none of any message's. */
static void check_text(struct mbox_inspect_lines *lines, size_t len, bool is_blank)
{
	if (!lines->has_begun) {
		if (!is_blank)
			check_first(lines, len);
	} else if (is_padding(lines, len)) {
		lines->padding += lines->at - lines->line_at;
		lines->in_padding = true;
	} else {
		lines->at_front = false;
		check_front(lines, len, is_blank);
		if (mbox_from_is_prefix(lines->head, len))
			check_from(lines, len);
	}
}

static void line_end(struct mbox_inspect_lines *lines)
{
	bool is_crlf = lines->last == '\r';
	uint64_t line_len = lines->line_len - is_crlf;
	size_t len = line_len < lines->head_len ? (size_t)line_len : lines->head_len;

	lines->lines++;
	if (lines->is_doubtful && header_is_field(lines->head, len))
		doubt_is_right(lines);
	lines->is_doubtful = false;
	check_ends(lines, is_crlf);
	check_text(lines, len, line_len == 0);
	lines->was_blank = line_len == 0;
	line_begin(lines);
}

static const char *find(const char *text, char what, const char *end)
{
	const char *at = memchr(text, what, (size_t)(end - text));

	return at ? at : end;
}

void mbox_inspect_lines_feed(struct mbox_inspect_lines *lines, const char *text, size_t len)
{
	const char *end = text + len;
	const char *nul = find(text, '\0', end);

	while (text < end) {
		const char *stop;

		if (text == nul) {
			text = count_nuls(lines, text, end);
			nul = find(text, '\0', end);
			continue;
		}
		nuls_end(lines);
		stop = find(text, '\n', nul);
		take(lines, text, (size_t)(stop - text));
		lines->at += (size_t)(stop - text);
		text = stop;
		if (stop == nul)
			continue;
		lines->at++;
		text++;
		line_end(lines);
	}
}

void mbox_inspect_lines_end(struct mbox_inspect_lines *lines)
{
	struct spool_finding finding;

	nuls_end(lines);
	if (lines->line_len > 0) {
		if (lines->is_doubtful && header_is_field(lines->head, lines->head_len))
			doubt_is_right(lines);
		lines->lines++;
		finding = about_line(lines, SPOOL_FINDING_CUT, true, SPOOL_MENDING_LINE_END);
		finding.length = lines->line_len;
		if (!lines->has_begun)
			check_first(lines, lines->head_len);
		tell(lines, &finding);
	}
	if (lines->front != MBOX_INSPECT_NO_FRONT)
		front_end(lines, 0);
}

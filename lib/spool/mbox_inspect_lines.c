/* mbox_inspect_lines - see mbox_inspect_lines.h. Takes bytes from anybody; cannot fail. */
#include "mbox_inspect_lines.h"

#include "mbox_pad.h"

#include <string.h>

#define NULS_MIN 16 /* fewer are some mail's own */

void mbox_inspect_tell(const struct spool_inspector *inspector, struct spool_report *report,
	const struct spool_finding *finding)
{
	if (finding->is_damage)
		report->damages++;
	else
		report->others++;
	if (inspector->found)
		inspector->found(inspector->context, finding);
}

static void tell(struct mbox_inspect_lines *lines, const struct spool_finding *finding)
{
	mbox_inspect_tell(lines->inspector, lines->report, finding);
}

static void line_begin(struct mbox_inspect_lines *lines)
{
	lines->line_at = lines->at;
	lines->head_len = 0;
	lines->last = '\0';
}

void mbox_inspect_lines_begin(struct mbox_inspect_lines *lines,
	const struct spool_inspector *inspector, struct spool_report *report)
{
	*lines = (struct mbox_inspect_lines){
		.inspector = inspector, .report = report, .was_blank = true};
	line_begin(lines);
}

static void nuls_end(struct mbox_inspect_lines *lines)
{
	struct spool_finding finding = {.kind = SPOOL_FINDING_NUL,
		.is_damage = true,
		.offset = lines->nul_at,
		.line = lines->nul_line,
		.length = lines->nuls};

	if (lines->nuls >= NULS_MIN)
		tell(lines, &finding);
	lines->nuls = 0;
}

/* NULs in a row have no line ends among them. */
static void count_nuls(struct mbox_inspect_lines *lines, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *nul = lines->nuls > 0 ? text : memchr(text, '\0', (size_t)(end - text));

		if (!nul)
			return;
		if (lines->nuls == 0) {
			lines->nul_at = lines->at + (uint64_t)(nul - (end - len));
			lines->nul_line = lines->report->lines + 1;
		}
		for (text = nul; text < end && *text == '\0'; text++)
			lines->nuls++;
		if (text < end)
			nuls_end(lines);
	}
}

/* "Name:" (RFC 5322 section 2.2). */
static bool is_field(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == ':')
			return i > 0;
		if (line[i] <= ' ' || line[i] == 0x7f)
			return false;
	}
	return false;
}

static struct spool_finding about_line(
	const struct mbox_inspect_lines *lines, enum spool_finding_kind kind, bool is_damage)
{
	return (struct spool_finding){.kind = kind,
		.is_damage = is_damage,
		.offset = lines->line_at,
		.line = lines->report->lines};
}

static void doubt(struct mbox_inspect_lines *lines, enum spool_finding_kind kind, bool is_damage)
{
	lines->is_doubtful = true;
	lines->doubtful = about_line(lines, kind, is_damage);
}

static void check_ends(struct mbox_inspect_lines *lines, bool is_crlf)
{
	struct spool_finding finding = about_line(lines, SPOOL_FINDING_CRLF, false);

	if (lines->report->lines > 1 && is_crlf != lines->was_crlf && !lines->has_mixed) {
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

static void check_first(struct mbox_inspect_lines *lines, size_t len)
{
	struct spool_finding finding = about_line(lines, SPOOL_FINDING_NO_FROM, true);

	if (mbox_from_is_prefix(lines->head, len))
		lines->report->begins++;
	else
		tell(lines, &finding);
	lines->has_begun = true;
	lines->at_front = true;
}

/* A line that begins with "From ". */
static void check_from(struct mbox_inspect_lines *lines, size_t len)
{
	bool is_line = mbox_from_is_line(lines->head, len);

	if (is_line && lines->was_blank) {
		lines->report->begins++;
		lines->at_front = true;
		lines->in_padding = false;
	} else if (is_line) {
		doubt(lines, SPOOL_FINDING_GLUED, true);
	} else if (lines->was_blank) {
		doubt(lines, SPOOL_FINDING_NO_DATE, false);
	}
}

/* Lines in front of the first that is not empty are none of any message's. */
static void check_text(struct mbox_inspect_lines *lines, size_t len, bool is_blank)
{
	if (!lines->has_begun) {
		if (!is_blank)
			check_first(lines, len);
	} else if (is_padding(lines, len)) {
		lines->report->padding += lines->at - lines->line_at;
		lines->in_padding = true;
	} else {
		lines->at_front = false;
		if (mbox_from_is_prefix(lines->head, len))
			check_from(lines, len);
	}
}

static void line_end(struct mbox_inspect_lines *lines)
{
	bool is_crlf = lines->last == '\r';
	uint64_t line_len = lines->at - lines->line_at - 1 - is_crlf;
	size_t len = line_len < lines->head_len ? (size_t)line_len : lines->head_len;

	lines->report->lines++;
	if (lines->is_doubtful && is_field(lines->head, len))
		tell(lines, &lines->doubtful);
	lines->is_doubtful = false;
	check_ends(lines, is_crlf);
	check_text(lines, len, line_len == 0);
	lines->was_blank = line_len == 0;
	line_begin(lines);
}

static void take(struct mbox_inspect_lines *lines, const char *text, size_t len)
{
	size_t room = sizeof(lines->head) - lines->head_len;
	size_t keep = len < room ? len : room;

	memcpy(lines->head + lines->head_len, text, keep);
	lines->head_len += keep;
	count_nuls(lines, text, len);
	if (len > 0)
		lines->last = text[len - 1];
	lines->at += len;
}

void mbox_inspect_lines_feed(struct mbox_inspect_lines *lines, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *lf = memchr(text, '\n', (size_t)(end - text));

		take(lines, text, (size_t)((lf ? lf : end) - text));
		if (!lf)
			return;
		nuls_end(lines);
		lines->at++;
		line_end(lines);
		text = lf + 1;
	}
}

void mbox_inspect_lines_end(struct mbox_inspect_lines *lines)
{
	struct spool_finding finding;

	nuls_end(lines);
	if (lines->at == lines->line_at)
		return;
	lines->report->lines++;
	finding = about_line(lines, SPOOL_FINDING_CUT, true);
	finding.length = lines->at - lines->line_at;
	if (!lines->has_begun)
		check_first(lines, lines->head_len);
	tell(lines, &finding);
}

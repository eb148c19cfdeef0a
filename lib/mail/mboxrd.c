/*
 * mboxrd - see mboxrd.h.
 *
 * Which '>' of a run is the one added or taken away makes no difference to the octets. So none but
 * the first is ever held back (on the way out, where it may have to go), and all the state is one
 * flag and a count of at most five. Trusts nothing about the input; cannot fail.
 */
#include "mail/mboxrd.h"

#include <string.h>

static const char word[] = "From ";
#define WORD_LEN (sizeof(word) - 1)
#define STEP_MAX (1 + WORD_LEN + 1) /* the most that one octet of input may put out */

void mboxrd_init(struct mboxrd *rd, enum mboxrd_direction direction)
{
	rd->direction = direction;
	rd->at_margin = true;
	rd->quoted = false;
	rd->matched = 0;
}

/* The line is no ">*From " after all: what was held back goes out as it came. */
static size_t leave_margin(struct mboxrd *rd, char *out)
{
	size_t len = 0;

	if (rd->quoted)
		out[len++] = '>';
	memcpy(out + len, word, rd->matched);
	len += rd->matched;
	rd->at_margin = false;
	rd->quoted = false;
	rd->matched = 0;
	return len;
}

/* The line is ">*From ": it gains a '>', or loses the one held back if there was any. */
static size_t change_quote(struct mboxrd *rd, char *out)
{
	rd->quoted = rd->direction == MBOXRD_QUOTE;
	return leave_margin(rd, out);
}

/* One octet while the line may still become ">*From ". Returns how many octets went out. */
static size_t step(struct mboxrd *rd, char c, char *out)
{
	size_t len;

	if (c == word[rd->matched]) {
		rd->matched++;
		return rd->matched == WORD_LEN ? change_quote(rd, out) : 0;
	}
	if (c == '>' && rd->matched == 0) {
		if (rd->direction == MBOXRD_UNQUOTE && !rd->quoted) {
			rd->quoted = true;
			return 0;
		}
		out[0] = c;
		return 1;
	}
	len = leave_margin(rd, out);
	out[len++] = c;
	rd->at_margin = c == '\n';
	return len;
}

/* Copy the rest of the line, or as much of it as there is and fits. */
static size_t copy_line(struct mboxrd *rd, const char *in, size_t len, char *out)
{
	const char *end = memchr(in, '\n', len);

	if (end) {
		len = (size_t)(end - in) + 1;
		rd->at_margin = true;
	}
	memcpy(out, in, len);
	return len;
}

void mboxrd_run(struct mboxrd *rd, const char *in, size_t in_len, size_t *in_used, char *out,
	size_t out_max, size_t *out_len)
{
	size_t used = 0;
	size_t put = 0;

	while (used < in_len && out_max - put >= STEP_MAX) {
		if (rd->at_margin) {
			put += step(rd, in[used++], out + put);
		} else {
			size_t room = out_max - put;
			size_t len = in_len - used < room ? in_len - used : room;

			len = copy_line(rd, in + used, len, out + put);
			used += len;
			put += len;
		}
	}
	*in_used = used;
	*out_len = put;
}

bool mboxrd_finish(struct mboxrd *rd, char *out, size_t out_max, size_t *out_len)
{
	*out_len = 0;
	if (out_max < STEP_MAX)
		return !rd->quoted && rd->matched == 0;
	*out_len = leave_margin(rd, out);
	return true;
}

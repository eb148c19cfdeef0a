/*
 * mboxrd - see mboxrd.h.
 *
 * Which '>' of a run is the one added or taken away makes no difference to the octets. So none but
 * the first is ever held back (on the way out, where it may have to go), and all the state is one
 * flag and a count of at most five. Trusts nothing about the input; cannot fail.
 */
#include "mail/mboxrd.h"

#include "base/lanes.h"

#include <string.h>

static const char word[] = "From ";
#define WORD_LEN   (sizeof(word) - 1)
#define QUOTES_MAX 16
#define STEP_MAX   (1 + WORD_LEN + 1) /* the most that one octet of input may put out */

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

/* Does a line that begins with c have to be looked at? On the way out only if it is quoted. */
static bool is_margin(const struct mboxrd *rd, char c)
{
	return c == '>' || (c == word[0] && rd->direction == MBOXRD_QUOTE);
}

/* The next place behind `at` where such a line begins, or len. */
static size_t next_margin(const struct mboxrd *rd, const char *in, size_t at, size_t len)
{
	char other = rd->direction == MBOXRD_QUOTE ? word[0] : '>';

	for (at++; len - at >= LANES; at += LANES) {
		lanes begins = lanes_where(lanes_load(in + at - 1), '\n');
		lanes here = lanes_load(in + at);
		size_t first =
			lanes_first(begins & (lanes_where(here, '>') | lanes_where(here, other)));

		if (first < LANES)
			return at + first;
	}
	while (at < len && !(in[at - 1] == '\n' && is_margin(rd, in[at])))
		at++;
	return at;
}

size_t mboxrd_plain(struct mboxrd *rd, const char *in, size_t len)
{
	if (len == 0 || (rd->at_margin && (rd->quoted || rd->matched > 0 || is_margin(rd, in[0]))))
		return 0;
	len = next_margin(rd, in, 0, len);
	rd->at_margin = in[len - 1] == '\n';
	return len;
}

/* The '>' that a line begins with, where that and what follows lies in in[0..len), and out has room
 * for one more. Returns how many there were; 0: the line's begin has to be taken in steps. */
static size_t take_margin(struct mboxrd *rd, const char *in, size_t len, char *out, size_t *put)
{
	size_t quotes = 0;

	while (quotes < len && quotes <= QUOTES_MAX && in[quotes] == '>')
		quotes++;
	if (quotes == 0 || quotes > QUOTES_MAX || len - quotes < WORD_LEN || rd->quoted ||
		rd->matched > 0)
		return 0;
	rd->at_margin = false;
	*put = quotes;
	if (memcmp(in + quotes, word, WORD_LEN) == 0)
		*put = rd->direction == MBOXRD_QUOTE ? quotes + 1 : quotes - 1;
	memset(out, '>', *put);
	return quotes;
}

void mboxrd_run(struct mboxrd *rd, const char *in, size_t in_len, size_t *in_used, char *out,
	size_t out_max, size_t *out_len)
{
	size_t used = 0;
	size_t put = 0;

	while (used < in_len && out_max - put >= STEP_MAX) {
		size_t room = out_max - put, quotes;
		size_t len =
			mboxrd_plain(rd, in + used, in_len - used < room ? in_len - used : room);

		if (len > 0) {
			memcpy(out + put, in + used, len);
			used += len;
			put += len;
			continue;
		}
		len = in_len - used < room ? in_len - used : room - 1;
		len = take_margin(rd, in + used, len, out + put, &quotes);
		used += len;
		if (len > 0)
			put += quotes;
		else
			put += step(rd, in[used++], out + put);
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

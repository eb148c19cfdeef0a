/*
 * mbox_lines - see mbox_lines.h. Takes bytes, trusts none of them, cannot fail.
 *
 * Nearly all octets of a mailbox pass here once per scan, so 64 are looked at in one go.
 */
#include "mbox_lines.h"

#include "base/lanes.h"

#define BLOCK  (4 * LANES)
#define ROUNDS 63 /* blocks until a lane of 8 bits, which gains 4 in each, may be full */

static uint64_t sum(lanes octets)
{
	uint64_t out = 0;

	for (size_t i = 0; i < LANES; i++)
		out += octets[i];
	return out;
}

struct counts {
	lanes lf;
	lanes crlf;
};

/* Add 16 octets, of which the ones before and behind exist. Lanes of a hit are set. */
static lanes count_vector(const char *text, struct counts *counts)
{
	lanes before = lanes_load(text - 1);
	lanes here = lanes_load(text);
	lanes behind = lanes_load(text + 1);
	lanes lf = lanes_where(here, '\n');

	counts->lf -= lf;
	counts->crlf -= lf & lanes_where(before, '\r');
	return lanes_where(here, 'F') & lanes_where(behind, 'r') &
	       (lanes_where(before, '\n') | lanes_where(before, '>'));
}

/* As many blocks as have no hit. Returns where they end. */
static size_t count_blocks(const char *text, size_t at, size_t len, struct counts *counts)
{
	for (int round = 0; round < ROUNDS && len - at > BLOCK; round++, at += BLOCK) {
		struct counts more = *counts;
		lanes hit = count_vector(text + at, &more);

		for (size_t i = LANES; i < BLOCK; i += LANES)
			hit |= count_vector(text + at + i, &more);
		if (lanes_any(hit))
			break;
		*counts = more;
	}
	return at;
}

static bool is_hit(const char *text, size_t at, size_t len)
{
	return text[at] == 'F' && at + 1 < len && text[at + 1] == 'r' &&
	       (text[at - 1] == '\n' || text[at - 1] == '>');
}

static void count_octet(const char *text, size_t at, struct mbox_lines *lines)
{
	lines->lf += text[at] == '\n';
	lines->crlf += text[at] == '\n' && at > 0 && text[at - 1] == '\r';
}

static size_t skip_blocks(const char *text, size_t at, size_t len, struct mbox_lines *lines)
{
	for (;;) {
		struct counts counts = {0};
		size_t end = count_blocks(text, at, len, &counts);

		if (end == at)
			return at;
		lines->lf += sum(counts.lf);
		lines->crlf += sum(counts.crlf);
		at = end;
	}
}

size_t mbox_lines_count(const char *text, size_t at, size_t len, struct mbox_lines *lines)
{
	count_octet(text, at++, lines); /* also so that there is one in front of each block */
	while (at < len) {
		size_t end;

		at = skip_blocks(text, at, len, lines);
		end = len - at > BLOCK ? at + BLOCK : len;
		for (; at < end; at++) {
			if (is_hit(text, at, len))
				return at;
			count_octet(text, at, lines);
		}
	}
	return at;
}

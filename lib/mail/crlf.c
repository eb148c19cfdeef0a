/*
 * crlf - see crlf.h. What is plain, lines that end in LF or CRLF, is copied 16 octets at a time;
 * the loop around it knows what to do with everything else, and with the last few octets.
 */
#include "mail/crlf.h"

#include "base/lanes.h"

#include <string.h>

void crlf_init(struct crlf *crlf)
{
	*crlf = (struct crlf){.at_start = true};
}

struct run {
	const char *in;
	size_t in_len;
	size_t used;
	char *out;
	size_t out_max;
	size_t put;
};

static void put_line_end(struct crlf *crlf, struct run *run)
{
	run->out[run->put++] = '\r';
	run->out[run->put++] = '\n';
	crlf->at_start = true;
}

/* Up to the first CR that no LF is known to follow, or where fewer than 16 octets are left. No CR
 * is held. 16 octets are always copied, and those behind a line end overwritten. */
static void copy_lines(struct crlf *crlf, struct run *run)
{
	while (run->in_len - run->used >= LANES && run->out_max - run->put >= LANES + 3) {
		const char *in = run->in + run->used;
		lanes octets = lanes_load(in);
		size_t len;

		if (crlf->at_start && *in == '.')
			run->out[run->put++] = '.';
		lanes_store(run->out + run->put, octets);
		len = lanes_first(lanes_where(octets, '\n') | lanes_where(octets, '\r'));
		if (len > 0)
			crlf->at_start = false;
		run->put += len;
		run->used += len;
		if (len == LANES)
			continue;
		if (in[len] == '\r') {
			if (run->in_len - run->used < 2 || in[len + 1] != '\n')
				return;
			run->used++;
		}
		run->used++;
		put_line_end(crlf, run);
	}
}

/* One octet, whatever it is. It takes up to three octets of room. */
static void step(struct crlf *crlf, struct run *run)
{
	char c = run->in[run->used];

	if (c == '\n') { /* LF or CRLF: a line end either way */
		crlf->held_cr = false;
		put_line_end(crlf, run);
		run->used++;
		return;
	}
	if (crlf->held_cr) { /* no LF came: the CR was content */
		run->out[run->put++] = '\r';
		crlf->held_cr = false;
		crlf->at_start = false;
	}
	run->used++;
	if (c == '\r') {
		crlf->held_cr = true;
		return;
	}
	if (crlf->at_start && c == '.')
		run->out[run->put++] = '.';
	crlf->at_start = false;
	run->out[run->put++] = c;
}

void crlf_run(struct crlf *crlf, const char *in, size_t in_len, size_t *in_used, char *out,
	size_t out_max, size_t *out_len)
{
	struct run run = {.in = in, .in_len = in_len, .out = out, .out_max = out_max};

	while (run.used < run.in_len && run.out_max - run.put >= 3) {
		if (!crlf->held_cr)
			copy_lines(crlf, &run);
		for (size_t i = 0; i < LANES && run.used < in_len && out_max - run.put >= 3; i++)
			step(crlf, &run);
	}
	*in_used = run.used;
	*out_len = run.put;
}

size_t crlf_finish(struct crlf *crlf, char out[static 8])
{
	size_t put = 0;

	if (crlf->held_cr) {
		out[put++] = '\r';
		crlf->at_start = false;
	}
	if (!crlf->at_start) {
		out[put++] = '\r';
		out[put++] = '\n';
	}
	out[put++] = '.';
	out[put++] = '\r';
	out[put++] = '\n';
	crlf_init(crlf);
	return put;
}

/*
 * dot - see dot.h. A state machine whose rows are the five places in a line; inside a line, runs
 * are found with memchr.
 */
#include "mail/dot.h"

#include <string.h>

void dot_init(struct dot *dot, bool strict)
{
	*dot = (struct dot){.strict = strict, .state = DOT_AT_START};
}

struct run {
	const char *in;
	size_t in_len;
	size_t used;
	char *out;
	size_t put;
};

static void end_line(struct dot *dot, struct run *run)
{
	run->out[run->put++] = '\n';
	dot->octets += 2;
	dot->state = DOT_AT_START;
	run->used++;
}

/* Copy what lies before the next CR, LF or NUL, whatever it is. */
static void copy_text(struct dot *dot, struct run *run)
{
	const char *at = run->in + run->used;
	size_t len = run->in_len - run->used;
	const char *stop = memchr(at, '\n', len);

	if (stop)
		len = (size_t)(stop - at);
	stop = memchr(at, '\r', len);
	if (stop)
		len = (size_t)(stop - at);
	stop = memchr(at, '\0', len);
	if (stop)
		len = (size_t)(stop - at);
	memmove(run->out + run->put, at, len);
	run->put += len;
	run->used += len;
	dot->octets += len;
}

/* One step inside a line or at its start; the dot of a stuffed line is already gone. */
static enum dot_event step_in_line(struct dot *dot, struct run *run)
{
	switch (run->in[run->used]) {
	case '\0':
		return DOT_NUL;
	case '\r':
		dot->state = DOT_AFTER_CR;
		run->used++;
		return DOT_MORE;
	case '\n':
		if (dot->strict)
			return DOT_BARE_LF;
		end_line(dot, run);
		return DOT_MORE;
	default:
		dot->state = DOT_IN_LINE;
		copy_text(dot, run);
		return DOT_MORE;
	}
}

static enum dot_event step_after_dot(struct dot *dot, struct run *run)
{
	switch (run->in[run->used]) {
	case '\r':
		dot->state = DOT_AFTER_DOT_CR;
		run->used++;
		return DOT_MORE;
	case '\n':
		if (dot->strict)
			return DOT_BARE_LF;
		run->used++;
		return DOT_END;
	default: /* RFC 5321 4.5.2: the first dot of a longer line is removed */
		dot->state = DOT_IN_LINE;
		return DOT_MORE;
	}
}

static enum dot_event step(struct dot *dot, struct run *run)
{
	switch (dot->state) {
	case DOT_AT_START:
		if (run->in[run->used] != '.')
			return step_in_line(dot, run);
		dot->state = DOT_AFTER_DOT;
		run->used++;
		return DOT_MORE;
	case DOT_AFTER_DOT:
		return step_after_dot(dot, run);
	case DOT_AFTER_DOT_CR:
		if (run->in[run->used] != '\n')
			return DOT_BARE_CR;
		run->used++;
		return DOT_END;
	case DOT_AFTER_CR:
		if (run->in[run->used] != '\n')
			return DOT_BARE_CR;
		end_line(dot, run);
		return DOT_MORE;
	case DOT_IN_LINE:
		break;
	}
	return step_in_line(dot, run);
}

enum dot_event dot_decode(
	struct dot *dot, const char *in, size_t in_len, size_t *in_used, char *out, size_t *out_len)
{
	struct run run = {.in = in, .in_len = in_len, .out = out};
	enum dot_event event = DOT_MORE;

	while (event == DOT_MORE && run.used < in_len)
		event = step(dot, &run);
	*in_used = run.used;
	*out_len = run.put;
	return event;
}

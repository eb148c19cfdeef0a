/* mbox_pad - see mbox_pad.h. Takes bytes from anybody, cannot fail. */
#include "mbox_pad.h"

#include <string.h>

#define NAME_LEN (sizeof(MBOX_PAD_NAME) - 1)
#define MORE_MIN 3 /* " x\n" */

/* Nothing but the filler: a field that somebody has written something into is his. */
static bool is_filler(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != 'x')
			return false;
	}
	return len > 0;
}

bool mbox_pad_is_begin(const char *line, size_t len)
{
	return len > NAME_LEN && memcmp(line, MBOX_PAD_NAME, NAME_LEN) == 0 &&
	       is_filler(line + NAME_LEN, len - NAME_LEN);
}

bool mbox_pad_is_more(const char *line, size_t len)
{
	return len > 1 && line[0] == ' ' && is_filler(line + 1, len - 1);
}

/* How long the next line is, so that nothing is left behind it, or enough for another one. */
static size_t line_length(size_t left)
{
	if (left <= MBOX_PAD_LINE)
		return left;
	return left - MBOX_PAD_LINE < MORE_MIN ? MBOX_PAD_LINE - MORE_MIN : MBOX_PAD_LINE;
}

void mbox_pad_make(char *out, size_t len)
{
	size_t front = NAME_LEN;

	memset(out, 'x', len);
	memcpy(out, MBOX_PAD_NAME, NAME_LEN);
	while (len > 0) {
		size_t line = line_length(len);

		if (front == 0)
			out[0] = ' ';
		out[line - 1] = '\n';
		front = 0;
		out += line;
		len -= line;
	}
}

/* header - see header.h. */
#include "mail/header.h"

#include <ctype.h>
#include <string.h>

static const char name[] = "received:";

void header_init(struct header *header)
{
	*header = (struct header){.in_name = true};
}

static void feed_name(struct header *header, char c)
{
	if (tolower((unsigned char)c) != name[header->column]) {
		header->in_name = false;
		return;
	}
	if (name[header->column + 1] == '\0') {
		header->received++;
		header->in_name = false;
	}
}

void header_feed(struct header *header, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end && !header->over) {
		if (*data == '\n') {
			header->over = header->column == 0; /* the empty line (RFC 5322 2.1) */
			header->column = 0;
			header->in_name = true;
			data++;
		} else if (header->in_name) {
			feed_name(header, *data);
			header->column++;
			data++;
		} else {
			const char *lf = memchr(data, '\n', (size_t)(end - data));

			header->column = 1;
			data = lf ? lf : end;
		}
	}
}

bool header_is_field(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == ':')
			return i > 0;
		if (line[i] <= ' ' || line[i] == 0x7f)
			return false;
	}
	return false;
}

/* spoolctl_header - see spoolctl_header.h. Takes any octets as a header. */
#include "spoolctl_header.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

const char *const spoolctl_field_names[SPOOLCTL_FIELDS] = {"date", "from", "subject"};

struct reader {
	struct spoolctl_header *header;
	bool has[SPOOLCTL_FIELDS];
	bool over;
	size_t column;
	size_t name_len;
	char name[16];
	bool in_name;
	int field; /* whose value this is; -1: none that is wanted */
};

static void name_end(struct reader *reader)
{
	reader->in_name = false;
	for (int i = 0; i < SPOOLCTL_FIELDS; i++) {
		const char *name = spoolctl_field_names[i];

		if (strlen(name) == reader->name_len && !reader->has[i] &&
			strncasecmp(name, reader->name, reader->name_len) == 0) {
			reader->has[i] = true;
			reader->field = i;
		}
	}
}

/* A run of white space, which folding is as well, is one space; none in front. */
static void put(struct reader *reader, char c)
{
	char *value = reader->header->value[reader->field];
	size_t *len = &reader->header->len[reader->field];

	if (c == '\t' || c == '\r')
		c = ' ';
	if (*len < SPOOLCTL_FIELD_MAX && (c != ' ' || (*len > 0 && value[*len - 1] != ' ')))
		value[(*len)++] = c;
}

static void take_first(struct reader *reader, char c)
{
	if (c == ' ' || c == '\t') {
		if (reader->field >= 0)
			put(reader, ' ');
		return;
	}
	reader->field = -1;
	reader->in_name = true;
	reader->name_len = 0;
}

static void take_octet(struct reader *reader, char c)
{
	if (reader->column++ == 0)
		take_first(reader, c);
	if (reader->in_name && c == ':')
		name_end(reader);
	else if (reader->in_name && reader->name_len < sizeof(reader->name))
		reader->name[reader->name_len++] = c;
	else if (!reader->in_name && reader->field >= 0)
		put(reader, c);
}

/* An empty line, or one with a CR alone, ends the header. */
static void line_end(struct reader *reader)
{
	reader->over = reader->column == 0 ||
		       (reader->column == 1 && reader->in_name && reader->name[0] == '\r');
	reader->column = 0;
	reader->in_name = false;
}

static int take(void *context, const char *octets, size_t len)
{
	struct reader *reader = context;

	for (size_t i = 0; i < len && !reader->over; i++) {
		if (octets[i] == '\n')
			line_end(reader);
		else
			take_octet(reader, octets[i]);
	}
	return reader->over ? -ECANCELED : 0;
}

int spoolctl_header_read(
	struct spoolctl_header *header, struct spool *spool, size_t n, struct why *why)
{
	struct reader reader = {.header = header, .field = -1};
	int err;

	memset(header->len, 0, sizeof(header->len));
	err = spool_read(spool, n, take, &reader, why);
	for (size_t i = 0; i < SPOOLCTL_FIELDS; i++) {
		if (header->len[i] > 0 && header->value[i][header->len[i] - 1] == ' ')
			header->len[i]--;
	}
	return err == -ECANCELED && reader.over ? 0 : err;
}

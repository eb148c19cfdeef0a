/* flags - see flags.h. Takes any octets; cannot fail. */
#include "flags.h"

#include <stdio.h>
#include <string.h>

static const struct {
	unsigned flag;
	bool is_status; /* or else in X-Status */
	char mbox;
	char maildir; /* in the order of ASCII; '\0': it is the folder that says it */
} letters[] = {
	{FLAG_DRAFT, false, 'T', 'D'},
	{FLAG_FLAGGED, false, 'F', 'F'},
	{FLAG_ANSWERED, false, 'A', 'R'},
	{FLAG_READ, true, 'R', 'S'},
	{FLAG_DELETED, false, 'D', 'T'},
	{FLAG_OLD, true, 'O', '\0'},
};

#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static unsigned flags_of(const char *value, size_t len, bool is_status)
{
	unsigned flags = 0;

	for (size_t i = 0; i < LETTERS; i++) {
		if (letters[i].is_status == is_status && memchr(value, letters[i].mbox, len))
			flags |= letters[i].flag;
	}
	return flags;
}

unsigned flags_of_status(const char *value, size_t len)
{
	return flags_of(value, len, true);
}

unsigned flags_of_x_status(const char *value, size_t len)
{
	return flags_of(value, len, false);
}

unsigned flags_of_info(const char *info)
{
	unsigned flags = 0;

	if (strncmp(info, ":2,", 3) != 0)
		return 0;
	for (size_t i = 0; i < LETTERS; i++) {
		if (letters[i].maildir && strchr(info + 3, letters[i].maildir))
			flags |= letters[i].flag;
	}
	return flags;
}

void flags_info(unsigned flags, char out[static FLAGS_INFO_SIZE])
{
	size_t len = 3;

	memcpy(out, ":2,", len);
	for (size_t i = 0; i < LETTERS; i++) {
		if (letters[i].maildir && flags & letters[i].flag)
			out[len++] = letters[i].maildir;
	}
	out[len] = '\0';
}

/* "Name: letters\n", or nothing. */
static size_t put_field(char *out, const char *name, unsigned flags, bool is_status)
{
	size_t len = 0;

	for (size_t i = 0; i < LETTERS; i++) {
		if (letters[i].is_status != is_status || !(flags & letters[i].flag))
			continue;
		if (len == 0)
			len = (size_t)sprintf(out, "%s: ", name);
		out[len++] = letters[i].mbox;
	}
	if (len > 0)
		out[len++] = '\n';
	return len;
}

void flags_fields(unsigned flags, char out[static FLAGS_FIELDS_SIZE])
{
	size_t len = put_field(out, "Status", flags, true);

	len += put_field(out + len, "X-Status", flags, false);
	out[len] = '\0';
}

bool flags_are_same(unsigned a, unsigned b)
{
	if ((a | b) & ~(unsigned)FLAG_OLD)
		a |= FLAG_OLD, b |= FLAG_OLD;
	return a == b;
}

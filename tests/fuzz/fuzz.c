/* fuzz - see fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
	abort();
}

void fuzz_init(struct fuzz *fuzz, const uint8_t *data, size_t size)
{
	*fuzz = (struct fuzz){.at = (const char *)data, .len = size};
}

unsigned fuzz_octet(struct fuzz *fuzz)
{
	if (fuzz->len == 0)
		return 0;
	fuzz->len--;
	return (unsigned char)*fuzz->at++;
}

unsigned fuzz_short(struct fuzz *fuzz)
{
	unsigned high = fuzz_octet(fuzz);

	return high << 8 | fuzz_octet(fuzz);
}

static void *allocate(size_t len)
{
	void *at = malloc(len > 0 ? len : 1);

	must(at != NULL);
	return at;
}

struct fuzz_text fuzz_copy(const void *at, size_t len)
{
	struct fuzz_text text = {allocate(len), len};

	if (len > 0)
		memcpy(text.at, at, len);
	return text;
}

struct fuzz_text fuzz_part(struct fuzz *fuzz)
{
	static const char separator[] = "\n%%\n";
	const char *end = fuzz->len ? memmem(fuzz->at, fuzz->len, separator, 4) : NULL;
	size_t len = end ? (size_t)(end - fuzz->at) + 1 : fuzz->len;
	size_t used = end ? len + 3 : len;
	struct fuzz_text text;

	if (fuzz->len >= 3 && memcmp(fuzz->at, separator + 1, 3) == 0) {
		len = 0;
		used = 3;
	}
	text = fuzz_copy(fuzz->at, len);
	fuzz->at += used;
	fuzz->len -= used;
	return text;
}

struct fuzz_text fuzz_rest(struct fuzz *fuzz)
{
	struct fuzz_text text = fuzz_copy(fuzz->at, fuzz->len);

	fuzz->at += fuzz->len;
	fuzz->len = 0;
	return text;
}

char *fuzz_string(const struct fuzz_text *text)
{
	size_t len = strnlen(text->at, text->len);
	char *string = allocate(len + 1);

	memcpy(string, text->at, len);
	string[len] = '\0';
	return string;
}

void fuzz_free(struct fuzz_text *text)
{
	free(text->at);
	text->at = NULL;
	text->len = 0;
}

unsigned fuzz_chance(struct fuzz *fuzz, unsigned below)
{
	fuzz->chance = fuzz->chance * 1664525u + 1013904223u;
	return (fuzz->chance >> 16) % below;
}

/* Mostly few, sometimes many, so that each state is left and entered at a piece's end. */
size_t fuzz_piece(struct fuzz *fuzz, size_t left)
{
	static const unsigned most[] = {1, 2, 3, 8, 60, 1000, 65535};
	size_t len = 1 + fuzz_chance(fuzz, most[fuzz_chance(fuzz, 7)]);

	return len < left ? len : left;
}

void fuzz_add(struct fuzz_sink *sink, const void *data, size_t len)
{
	if (!sink->at || len > sink->cap - sink->len) {
		sink->cap = 2 * (sink->len + len) + 1;
		sink->at = realloc(sink->at, sink->cap);
		must(sink->at != NULL);
	}
	if (len > 0)
		memcpy(sink->at + sink->len, data, len);
	sink->len += len;
}

bool fuzz_is(const struct fuzz_sink *sink, const void *data, size_t len)
{
	return sink->len == len && (len == 0 || memcmp(sink->at, data, len) == 0);
}

void fuzz_done(struct fuzz_sink *sink)
{
	free(sink->at);
	*sink = (struct fuzz_sink){0};
}

bool fuzz_is_printable(const char *text, size_t len, bool ascii)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f || (ascii && c > 0x7f))
			return false;
	}
	return true;
}

/* num - see num.h. */
#include "base/num.h"

#include <errno.h>
#include <string.h>

int num_parse(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned char)text[i] - (unsigned)'0';

		if (digit > 9)
			return -EINVAL;
		if (value > (max - digit) / 10 || digit > max)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

struct suffix {
	char letter;
	uint64_t factor;
};

static int parse_suffixed(
	const char *text, const struct suffix *suffixes, uint64_t max, uint64_t *out)
{
	size_t len = strlen(text);
	uint64_t factor = 1;
	uint64_t value;
	int err;

	for (const struct suffix *s = suffixes; len > 0 && s->letter; s++) {
		if (text[len - 1] == s->letter) {
			factor = s->factor;
			len--;
			break;
		}
	}
	err = num_parse(text, len, max / factor, &value);
	if (err < 0)
		return err;
	*out = value * factor;
	return 0;
}

int num_parse_size(const char *text, uint64_t max, uint64_t *out)
{
	static const struct suffix sizes[] = {
		{'K', 1ULL << 10}, {'M', 1ULL << 20}, {'G', 1ULL << 30}, {0, 0}};

	return parse_suffixed(text, sizes, max, out);
}

int num_parse_seconds(const char *text, uint64_t max, uint64_t *out)
{
	static const struct suffix spans[] = {
		{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {0, 0}};

	return parse_suffixed(text, spans, max, out);
}

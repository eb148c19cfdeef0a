/* account_lines - see account_lines.h. */
#include "account/account_lines.h"

#include <errno.h>
#include <string.h>

void account_lines_init(struct account_lines *lines, const char *text, size_t len)
{
	*lines = (struct account_lines){.at = text, .end = text ? text + len : text};
}

static const char *find(const char *at, const char *end, char c)
{
	const char *found = memchr(at, c, (size_t)(end - at));

	return found ? found : end;
}

/* "*", "!" and anything after it mean locked by convention (shadow(5)); so does whatever is no hash
 * at all. */
static bool is_hash(const char *hash, size_t len)
{
	if (len < 2 || len >= ACCOUNT_HASH_SIZE || strchr("*!", *hash))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (hash[i] <= ' ' || hash[i] >= 0x7f || strchr("*!;\\", hash[i]))
			return false;
	}
	return true;
}

static int parse(const char *at, const char *end, struct account_line *out)
{
	const char *colon = find(at, end, ':');
	const char *hash = colon + 1;
	size_t len = (size_t)(colon - at);

	if (colon == end || len >= sizeof(out->name) || memchr(at, '\0', (size_t)(end - at)))
		return -EINVAL;
	memcpy(out->name, at, len);
	out->name[len] = '\0';
	if (!account_name_ok(out->name))
		return -EINVAL;
	len = (size_t)(find(hash, end, ':') - hash);
	if (!is_hash(hash, len))
		len = 0;
	memcpy(out->hash, hash, len);
	out->hash[len] = '\0';
	return 1;
}

int account_lines_next(struct account_lines *lines, struct account_line *out)
{
	while (lines->at < lines->end) {
		const char *at = lines->at;
		const char *end = find(at, lines->end, '\n');

		lines->at = end < lines->end ? end + 1 : end;
		lines->line++;
		if (end > at && end[-1] == '\r')
			end--;
		if (end > at && *at != '#')
			return parse(at, end, out);
	}
	return 0;
}

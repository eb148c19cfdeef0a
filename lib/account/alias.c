/* alias - see alias.h. */
#include "account/alias.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void alias_scan_init(struct alias_scan *scan, const char *text, size_t len)
{
	*scan = (struct alias_scan){.at = text, .end = text ? text + len : text, .line = 1};
}

void alias_value_init(struct alias_value *value, const char *text, size_t len)
{
	*value = (struct alias_value){
		.at = text, .end = text ? text + len : text, .line_start = true};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *line_end(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? newline + 1 : end;
}

/* Empty, white, or a comment. */
static bool is_idle_line(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at == end || *at == '\n' || *at == '#';
}

static unsigned count_lines(const char *at, const char *end)
{
	unsigned count = 0;

	for (; at < end; at++)
		count += *at == '\n';
	return count;
}

/* The end of the entry that begins at `at`: behind its last line that begins with white space. */
static const char *entry_end(const char *at, const char *end)
{
	const char *found = line_end(at, end);

	for (at = found; at < end; at = line_end(at, end)) {
		if (is_idle_line(at, end))
			continue;
		if (!is_blank(*at))
			break;
		found = line_end(at, end);
	}
	return found;
}

/* A name in quotes; *at is left behind the closing one. */
static int quoted_name(const char **at, const char *end, char out[static ALIAS_NAME_SIZE])
{
	const char *in = *at + 1;
	size_t len = 0;

	for (; in < end && *in != '"' && *in != '\n'; in++) {
		if (*in == '\\' && in + 1 < end)
			in++;
		if (len == ALIAS_NAME_SIZE - 1)
			return -EINVAL;
		out[len++] = *in;
	}
	if (in == end || *in != '"')
		return -EINVAL;
	out[len] = '\0';
	*at = in + 1;
	return 0;
}

static int bare_name(const char **at, const char *end, char out[static ALIAS_NAME_SIZE])
{
	const char *in = *at;
	size_t len;

	while (in < end && !is_blank(*in) && *in != ':' && *in != '\n' && *in != '"')
		in++;
	len = (size_t)(in - *at);
	if (len >= ALIAS_NAME_SIZE)
		return -EINVAL;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at = in;
	return 0;
}

static bool has_target(struct alias_value value)
{
	struct alias_target target;

	return alias_target_next(&value, &target) != 0;
}

static int parse_entry(const char *at, const char *end, struct alias_entry *out)
{
	int err;

	if (is_blank(*at) || memchr(at, '\0', (size_t)(end - at)))
		return -EINVAL;
	err = *at == '"' ? quoted_name(&at, end, out->name) : bare_name(&at, end, out->name);
	while (at < end && is_blank(*at))
		at++;
	if (err < 0 || !*out->name || at == end || *at != ':')
		return -EINVAL;
	out->value = (struct alias_value){.at = at + 1, .end = end};
	return has_target(out->value) ? 1 : -EINVAL;
}

int alias_next(struct alias_scan *scan, struct alias_entry *out)
{
	const char *at;

	while (scan->at < scan->end && is_idle_line(scan->at, scan->end)) {
		scan->at = line_end(scan->at, scan->end);
		scan->line++;
	}
	at = scan->at;
	if (at == scan->end)
		return 0;
	out->line = scan->line;
	scan->at = entry_end(at, scan->end);
	scan->line += count_lines(at, scan->at);
	return parse_entry(at, scan->at, out);
}

static void skip_separators(struct alias_value *value)
{
	while (value->at < value->end) {
		char c = *value->at;

		if (c == '#' && value->line_start) {
			value->at = line_end(value->at, value->end);
			continue;
		}
		if (c != '\n' && c != ',' && !is_blank(c))
			return;
		if (c == '\n')
			value->line_start = true;
		else if (c == ',')
			value->line_start = false;
		value->at++;
	}
}

/* Where a word ends outside of quotes. A command's words belong together even without them. */
static bool is_word_end(char c, bool command)
{
	return c == ',' || c == '\n' || (is_blank(c) && !command);
}

struct word {
	char *text;
	size_t len;
	bool final;
	bool bad;
};

static void add(struct word *word, char c)
{
	if (word->len == PATH_MAX - 1)
		word->bad = true;
	else
		word->text[word->len++] = c;
}

/* One word without its quotes; value->at is left at what ends it. */
static void take_word(struct alias_value *value, struct word *word)
{
	bool quoted = false;

	for (; value->at < value->end; value->at++) {
		char c = *value->at;
		bool command = word->len > 0 && word->text[0] == '|';

		if (c == '\n' ? true : !quoted && is_word_end(c, command))
			break;
		if (c == '"') {
			quoted = !quoted;
		} else if (c == '\\' && !quoted && word->len == 0 && !word->final) {
			word->final = true;
		} else {
			if (c == '\\' && value->at + 1 < value->end && value->at[1] != '\n')
				c = *++value->at;
			add(word, c);
		}
	}
	word->bad |= quoted || word->len == 0;
	word->text[word->len] = '\0';
}

static void drop_brackets(struct word *word)
{
	if (word->len > 2 && word->text[0] == '<' && word->text[word->len - 1] == '>') {
		word->len -= 2;
		memmove(word->text, word->text + 1, word->len);
		word->text[word->len] = '\0';
	}
}

int alias_target_next(struct alias_value *value, struct alias_target *out)
{
	static const char include[] = ":include:";
	const size_t prefix = sizeof(include) - 1;
	struct word word = {.text = out->text};

	skip_separators(value);
	if (value->at == value->end)
		return 0;
	value->line_start = false;
	take_word(value, &word);
	if (word.bad || memchr(word.text, '\0', word.len))
		return -EINVAL;
	drop_brackets(&word);
	out->kind = word.final ? ALIAS_FINAL : ALIAS_ADDRESS;
	if (word.text[0] == '|') {
		out->kind = ALIAS_COMMAND;
	} else if (word.text[0] == '/') {
		out->kind = ALIAS_FILE;
	} else if (strncasecmp(word.text, include, prefix) == 0) {
		out->kind = ALIAS_INCLUDE;
		memmove(word.text, word.text + prefix, word.len - prefix + 1);
	}
	return out->kind == ALIAS_INCLUDE && word.text[0] != '/' ? -EINVAL : 1;
}

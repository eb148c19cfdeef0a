/* path - see path.h. Each function is one production of RFC 5321 4.1.2 or 4.1.3. */
#include "mail/path.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct cursor {
	const char *at;
	const char *end;
};

static int peek(const struct cursor *cursor)
{
	return cursor->at < cursor->end ? (unsigned char)*cursor->at : -1;
}

static bool take(struct cursor *cursor, char c)
{
	if (peek(cursor) != c)
		return false;
	cursor->at++;
	return true;
}

/* RFC 5322 3.2.3 */
static bool is_atext(int c)
{
	return c > ' ' && c < 0x7f && (isalnum(c) || strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static int append(char *out, size_t *len, size_t max, int c)
{
	if (*len >= max)
		return -E2BIG;
	out[(*len)++] = (char)c;
	out[*len] = '\0';
	return 0;
}

static int bad_octet(int c)
{
	return c >= 0x80 ? -EILSEQ : -EINVAL;
}

/* Dot-string = Atom *("." Atom) */
static int parse_dot_string(struct cursor *cursor, struct path *path)
{
	size_t len = 0;

	do {
		if (len > 0 && append(path->local, &len, PATH_LOCAL_MAX, '.') < 0)
			return -E2BIG;
		if (!is_atext(peek(cursor)))
			return bad_octet(peek(cursor));
		while (is_atext(peek(cursor))) {
			if (append(path->local, &len, PATH_LOCAL_MAX, *cursor->at++) < 0)
				return -E2BIG;
		}
	} while (take(cursor, '.'));
	return 0;
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE */
static int parse_quoted_string(struct cursor *cursor, struct path *path)
{
	size_t len = 0;

	cursor->at++;
	while (!take(cursor, '"')) {
		int c;

		(void)take(cursor, '\\');
		c = peek(cursor);
		if (c < ' ' || c >= 0x7f)
			return bad_octet(c);
		cursor->at++;
		if (append(path->local, &len, PATH_LOCAL_MAX, c) < 0)
			return -E2BIG;
	}
	return len > 0 ? 0 : -EINVAL; /* "" is nobody, and relayed to anybody in the past */
}

/* Domain = sub-domain *("." sub-domain); "_" is not in the grammar but in use. */
static int parse_domain_name(struct cursor *cursor, char out[static PATH_DOMAIN_MAX + 1])
{
	size_t len = 0;
	size_t label = 0;

	for (int c = peek(cursor); isalnum(c) || c == '-' || c == '_' || c == '.';
		c = peek(cursor)) {
		if (c == '.' ? label == 0 || out[len - 1] == '-' : label == 0 && c == '-')
			return -EINVAL;
		label = c == '.' ? 0 : label + 1;
		if (label > 63 || append(out, &len, PATH_DOMAIN_MAX, tolower(c)) < 0)
			return -E2BIG;
		cursor->at++;
	}
	if (label == 0 || out[len - 1] == '-')
		return bad_octet(peek(cursor));
	return 0;
}

/* address-literal: IPv4 and IPv6; no other form is registered (4.1.3). */
static int parse_literal(struct cursor *cursor, struct path *path)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	const char *close = memchr(cursor->at, ']', (size_t)(cursor->end - cursor->at));
	size_t len = close ? (size_t)(close - cursor->at) - 1 : 0;
	const char *inside = cursor->at + 1;
	int family = AF_INET;

	if (len > 5 && strncasecmp(inside, "IPv6:", 5) == 0) {
		family = AF_INET6;
		inside += 5;
		len -= 5;
	}
	if (len == 0 || len >= sizeof(text))
		return -EINVAL;
	memcpy(text, inside, len);
	text[len] = '\0';
	if (inet_pton(family, text, &addr) != 1 || !inet_ntop(family, &addr, text, sizeof(text)))
		return -EINVAL;
	snprintf(path->domain, sizeof(path->domain), "[%s%s]", family == AF_INET6 ? "IPv6:" : "",
		text);
	path->literal = true;
	cursor->at = close + 1;
	return 0;
}

/* A-d-l = At-domain *("," At-domain), and ":": read, and forgotten. */
static int skip_route(struct cursor *cursor, struct path *path)
{
	char ignored[PATH_DOMAIN_MAX + 1];

	do {
		int err = take(cursor, '@') ? parse_domain_name(cursor, ignored) : -EINVAL;

		if (err < 0)
			return err;
	} while (take(cursor, ','));
	path->routed = true;
	return take(cursor, ':') ? 0 : -EINVAL;
}

/* Mailbox = Local-part "@" ( Domain / address-literal ) */
static int parse_mailbox(struct cursor *cursor, struct path *path)
{
	bool quoted = peek(cursor) == '"';
	int err = quoted ? parse_quoted_string(cursor, path) : parse_dot_string(cursor, path);

	if (err < 0)
		return err;
	if (take(cursor, '@'))
		return peek(cursor) == '[' ? parse_literal(cursor, path)
					   : parse_domain_name(cursor, path->domain);
	if (!quoted && strcasecmp(path->local, "postmaster") == 0 && peek(cursor) == '>')
		return 0; /* 4.5.1 */
	return bad_octet(peek(cursor));
}

int path_parse(const char *text, size_t len, struct path *out, size_t *used)
{
	struct cursor cursor = {text, text + len};
	struct path path = {0};
	int err = 0;

	if (!take(&cursor, '<'))
		return -EINVAL;
	path.null = peek(&cursor) == '>';
	if (peek(&cursor) == '@')
		err = skip_route(&cursor, &path);
	if (!err && !path.null)
		err = parse_mailbox(&cursor, &path);
	if (err < 0)
		return err;
	if (!take(&cursor, '>'))
		return bad_octet(peek(&cursor));
	*out = path;
	*used = (size_t)(cursor.at - text);
	return 0;
}

static bool is_dot_string(const char *local)
{
	size_t len = strlen(local);

	if (len == 0 || local[0] == '.' || local[len - 1] == '.' || strstr(local, ".."))
		return false;
	for (; *local; local++) {
		if (*local != '.' && !is_atext((unsigned char)*local))
			return false;
	}
	return true;
}

void path_format(const struct path *path, char out[static PATH_TEXT_SIZE])
{
	char *at = out;
	bool quote = !path->null && !is_dot_string(path->local);

	if (quote)
		*at++ = '"';
	for (const char *c = path->local; *c; c++) {
		if (*c == '"' || *c == '\\')
			*at++ = '\\';
		*at++ = *c;
	}
	if (quote)
		*at++ = '"';
	if (*path->domain) {
		*at++ = '@';
		at = stpcpy(at, path->domain);
	}
	*at = '\0';
}

int path_param_next(const char **at, const char *end, struct path_param *out)
{
	const char *c = *at;
	const char *start;

	while (c < end && *c == ' ')
		c++;
	*at = c;
	if (c == end)
		return 0;
	*out = (struct path_param){.keyword = c};
	if (!isalnum((unsigned char)*c))
		return -EINVAL;
	while (c < end && (isalnum((unsigned char)*c) || *c == '-'))
		c++;
	out->keyword_len = (size_t)(c - out->keyword);
	if (c < end && *c == '=') {
		start = ++c;
		while (c<end && * c> ' ' && *c < 0x7f && *c != '=')
			c++;
		out->value = start;
		out->value_len = (size_t)(c - start);
		if (out->value_len == 0)
			return -EINVAL;
	}
	if (c < end && *c != ' ')
		return -EINVAL;
	*at = c;
	return 1;
}

/*
 * path - RFC 5321 4.1.2 paths: what stands in MAIL FROM:<...> and RCPT TO:<...>.
 *
 * The parser takes octets from the network and trusts none of them. What it lets through has no
 * control character in it, no 8-bit octet, and parts no longer than section 4.5.3.1 allows.
 */
#ifndef MAIL_PATH_H
#define MAIL_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_LOCAL_MAX  64  /* RFC 5321 4.5.3.1.1 */
#define PATH_DOMAIN_MAX 255 /* 4.5.3.1.2 */
#define PATH_TEXT_SIZE  400 /* path_format(): both, quotes and backslashes, "@", NUL */

struct path {
	char local[PATH_LOCAL_MAX +
		   1]; /* without quotes and backslashes; may hold any printable ASCII */
	char domain[PATH_DOMAIN_MAX +
		    1]; /* lower case; "[192.0.2.1]" for literals; "" if there is none */
	bool null;      /* <> */
	bool literal;   /* the domain is an address literal (4.1.3) */
	bool routed;    /* a source route stood in front; it is dropped (RFC 5321 appendix C) */
};

/*
 * Parse the path at text[0..len), which begins with "<"; *used is its length. A path without a
 * domain is allowed only for <> and <postmaster> (4.5.1). 0; -EINVAL: not a path; -E2BIG: a part is
 * too long; -EILSEQ: 8-bit octets (they need SMTPUTF8, RFC 6531).
 */
int path_parse(const char *text, size_t len, struct path *out, size_t *used);

/* The path as text without <>, quoted where it must be: "a@b", "\"a b\"@c", "". */
void path_format(const struct path *path, char out[static PATH_TEXT_SIZE]);

/* One ESMTP parameter: *at moves behind it. 1: one was found; 0: the end; -EINVAL. (RFC 5321 4.1.2)
 */
struct path_param {
	const char *keyword;
	size_t keyword_len;
	const char *value; /* NULL if there is no "=" */
	size_t value_len;
};
int path_param_next(const char **at, const char *end, struct path_param *out);

#endif

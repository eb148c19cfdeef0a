/* conf_keys - the one table of all configuration keys: what a value must look like, and where it
 * goes. */
#ifndef CONF_CONF_KEYS_H
#define CONF_CONF_KEYS_H

#include "conf/conf.h"

#include <stddef.h>

enum conf_kind {
	CONF_TEXT,    /* up to 511 octets, not empty */
	CONF_NAME,    /* up to 255 octets: letters, digits, "._-" only */
	CONF_DOMAIN,  /* a domain, kept in lower case */
	CONF_DOMAINS, /* a comma-separated list of them */
	CONF_PATH,    /* an absolute path */
	CONF_STORE,   /* "mbox:" or "maildir:" and an absolute path, with %u, %d, %h, %% */
	CONF_LETTER,  /* one punctuation character, or empty for none */
	CONF_SIZE,    /* octets: digits with K, M or G */
	CONF_SECONDS, /* digits with s, m, h or d */
	CONF_MILLIS,  /* as CONF_SECONDS, kept in milliseconds */
	CONF_COUNT,   /* digits */
	CONF_CHOICE,  /* one of `choices`, kept as its position */
};

struct conf_key {
	const char *section;
	const char *name;
	enum conf_kind kind;
	size_t offset; /* into struct conf; for [tls]'s pair, into struct conf_tls_pair */
	uint64_t min;  /* numbers only */
	uint64_t max;
	const char *choices; /* CONF_CHOICE: words, space-separated, in the enum's order */
	bool of_pair;        /* a key that [tls "name"] has, too */
};

/* Ended by a row without a name. */
extern const struct conf_key conf_keys[];

/*
 * Find the row for a section, as the file spells it, and a name; *out is what it writes to: the
 * configuration, or the pair of [tls] or [tls "name"], which is added where it is new. -ENOENT:
 * there is no such key; -EINVAL or -ENOMEM with *why.
 */
int conf_key_find(struct conf *conf, const char *section, const char *name,
	const struct conf_key **key, void **out, struct why *why);

/* Check value against the row and store it in what conf_key_find() told. 0, or -EINVAL with what is
 * wrong with it. */
int conf_key_set(const struct conf_key *key, struct conf *conf, void *into, const char *value,
	struct why *why);

#endif

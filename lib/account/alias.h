/*
 * alias - the text of aliases(5), and of the lists that :include: names. Takes bytes; touches
 * nothing else.
 *
 *   name: target, target           names without regard to case; may be "quoted"
 *           target                 a line that begins with white space goes on with the one before
 *   # comment                      at the beginning of a line, between entries or inside one
 *
 * A target is an address, \address (which is not expanded again), ":include:/path", "|command" or
 * "/file"; the two latter are recognised so that they can be refused. Quotes keep white space and
 * commas together.
 */
#ifndef ACCOUNT_ALIAS_H
#define ACCOUNT_ALIAS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define ALIAS_NAME_SIZE 256

struct alias_value {
	const char *at;
	const char *end;
	bool line_start; /* only blanks since the line began, so '#' begins a comment */
};

struct alias_entry {
	char name[ALIAS_NAME_SIZE];
	struct alias_value value;
	unsigned line; /* where it begins */
};

struct alias_scan {
	const char *at;
	const char *end;
	unsigned line; /* of at */
};

enum alias_kind {
	ALIAS_ADDRESS,
	ALIAS_FINAL,   /* \address */
	ALIAS_INCLUDE, /* text is the path */
	ALIAS_COMMAND,
	ALIAS_FILE,
};

struct alias_target {
	enum alias_kind kind;
	char text[PATH_MAX];
};

void alias_scan_init(struct alias_scan *scan, const char *text, size_t len);

/* 1: *out is the next entry; 0: the end; -EINVAL: a malformed one at out->line, and one may go on.
 */
int alias_next(struct alias_scan *scan, struct alias_entry *out);

/* The text of an :include: list as a value: targets on lines of their own, or with commas. */
void alias_value_init(struct alias_value *value, const char *text, size_t len);

/* 1: *out is the next target; 0: the end; -EINVAL: a malformed one, and one may go on. */
int alias_target_next(struct alias_value *value, struct alias_target *out);

#endif

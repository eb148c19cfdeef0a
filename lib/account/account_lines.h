/*
 * account_lines - the account file's lines: "name:crypt-hash[:more]"; '#' comments and empty lines
 * between.
 *
 * Takes bytes. Names may be "user" or "user@domain"; fields after the hash (as in passwd files and
 * those of other servers) are not looked at.
 */
#ifndef ACCOUNT_ACCOUNT_LINES_H
#define ACCOUNT_ACCOUNT_LINES_H

#include "account/account.h"

#define ACCOUNT_HASH_SIZE 384 /* what crypt(3) can make: CRYPT_OUTPUT_SIZE */

struct account_lines {
	const char *at;
	const char *end;
	unsigned line; /* number of the line that the latest call returned */
};

struct account_line {
	char name[ACCOUNT_NAME_MAX];
	char hash[ACCOUNT_HASH_SIZE]; /* "": no password fits (locked, or nothing that crypt knows)
				       */
};

void account_lines_init(struct account_lines *lines, const char *text, size_t len);

/* 1: *out is the next account; 0: the end; -EINVAL: a malformed line, and one may go on. */
int account_lines_next(struct account_lines *lines, struct account_line *out);

#endif

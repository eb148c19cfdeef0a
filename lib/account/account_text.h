/*
 * account_text - a whole file of the administrator's in memory, if it is safe to believe: the
 * account file, the aliases, an :include: list.
 */
#ifndef ACCOUNT_ACCOUNT_TEXT_H
#define ACCOUNT_ACCOUNT_TEXT_H

#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

struct account_text {
	char *at; /* len octets and a NUL; NULL: none */
	size_t len;
};

struct account_text_rules {
	size_t max;  /* octets */
	bool strict; /* never through a symbolic link, and not writable by the group either */
};

/*
 * Read path. It must be a regular file that belongs to root or to this process's user and that not
 * everybody may write to. -ENOENT if it is not there; -EPERM if it is not to be believed; all with
 * WHY_TEMP 4.3.5 or what why_errno() says.
 */
int account_text_read(struct account_text *text, const char *path,
	const struct account_text_rules *rules, struct why *why);

/* Wipes (it may hold hashes) and frees. */
void account_text_done(struct account_text *text);

#endif

/*
 * account_aliases - one name's way through the alias file and its lists, as a walk that always
 * ends.
 */
#ifndef ACCOUNT_ACCOUNT_ALIASES_H
#define ACCOUNT_ACCOUNT_ALIASES_H

#include "account/account_source.h"
#include "account/account_text.h"
#include "account/alias.h"

#define ACCOUNT_MAX_DEPTH 10 /* aliases in aliases and lists in lists */

/* An alias or list that was come by: each is expanded once. */
struct account_visit {
	char *name;
	bool open; /* being expanded now: it leads back to itself */
};

struct account_expansion {
	const struct conf *conf;
	const struct account_notes *notes;
	struct account_text aliases;
	struct account_visit *visits;
	size_t visit_count;
	unsigned depth;
	bool wants_postmaster; /* a target is postmaster, who must not be nobody (RFC 5321 4.5.1) */
	struct account_targets targets;
};

/* Read the aliases; that there are none is no failure. */
int account_expansion_open(struct account_expansion *expansion, struct why *why);
void account_expansion_done(struct account_expansion *expansion);

/*
 * Add whom mail for name goes to: its alias, or the account, or either without the tag. -ENOENT
 * (WHY_PERM 5.1.1): there is no such name. -EINVAL (WHY_TEMP 4.3.5): it leads to nobody, or
 * somewhere that can't be served now.
 */
int account_expand(
	struct account_expansion *expansion, const char *name, const char *domain, struct why *why);

/* As account_expand(), but the alias alone. */
int account_expand_alias(struct account_expansion *expansion, const char *name, struct why *why);

/* Add one mailbox, unless it is there already. */
int account_add_target(
	struct account_expansion *expansion, const struct account *account, struct why *why);

#endif

/*
 * account_aliases - see account_aliases.h, and account_resolve.c for what a mistake does to the
 * mail.
 *
 * Every alias and list is expanded once and remembered, and the depth is limited: that is why no
 * file, whoever wrote it, can make this run for ever. Lists are read only if they belong to root or
 * to us, are regular files and no links: an alias must not become a way to read /etc/shadow or to
 * wait for a FIFO.
 */
#include "account/account_aliases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALIASES_MAX (16 << 20)
#define LIST_MAX    (1 << 20)
#define MAX_VISITS  1024
#define MOST_NOTES  5 /* about malformed lines of one file, each time it is read */

static int mistake(struct why *why, const char *what, const char *name)
{
	return why_set(why, EINVAL, WHY_TEMP, "4.3.5", "aliases: %.100s: %s", name, what);
}

static void note_malformed(const struct account_expansion *expansion)
{
	struct alias_scan scan;
	struct alias_entry entry;
	int notes = 0;
	int more;

	alias_scan_init(&scan, expansion->aliases.at, expansion->aliases.len);
	while (notes < MOST_NOTES && (more = alias_next(&scan, &entry)) != 0) {
		if (more < 0 && notes++ < MOST_NOTES)
			account_note(expansion->notes, "%s:%u: not \"name: target, ...\"",
				expansion->conf->aliases, entry.line);
	}
}

int account_expansion_open(struct account_expansion *expansion, struct why *why)
{
	const struct account_text_rules rules = {.max = ALIASES_MAX};
	const char *path = expansion->conf->aliases;
	int err = *path ? account_text_read(&expansion->aliases, path, &rules, why) : 0;

	if (err == -ENOENT)
		err = 0;
	if (err == 0)
		note_malformed(expansion);
	return err;
}

void account_expansion_done(struct account_expansion *expansion)
{
	for (size_t i = 0; i < expansion->visit_count; i++)
		free(expansion->visits[i].name);
	free(expansion->visits);
	account_text_done(&expansion->aliases);
	account_targets_done(&expansion->targets);
}

int account_add_target(
	struct account_expansion *expansion, const struct account *account, struct why *why)
{
	struct account_targets *targets = &expansion->targets;
	struct account *more;

	for (size_t i = 0; i < targets->count; i++) {
		if (targets->list[i].uid == account->uid &&
			strcmp(targets->list[i].location, account->location) == 0)
			return 0;
	}
	if (targets->count == ACCOUNT_MAX_TARGETS)
		return mistake(why, "too many mailboxes", account->name);
	more = reallocarray(targets->list, targets->count + 1, sizeof(*more));
	if (!more)
		return why_errno(why, ENOMEM, account->name, "expand");
	targets->list = more;
	targets->list[targets->count++] = *account;
	return 0;
}

/* Names are the same whatever their case; paths of lists are not. */
static struct account_visit *find_visit(const struct account_expansion *expansion, const char *name)
{
	int (*compare)(const char *a, const char *b) = *name == '/' ? strcmp : strcasecmp;

	for (size_t i = 0; i < expansion->visit_count; i++) {
		if (compare(expansion->visits[i].name, name) == 0)
			return &expansion->visits[i];
	}
	return NULL;
}

/* *index is the visit's place, which stays when the list grows. */
static int begin_visit(
	struct account_expansion *expansion, const char *name, size_t *index, struct why *why)
{
	struct account_visit *more;

	if (expansion->depth == ACCOUNT_MAX_DEPTH || expansion->visit_count == MAX_VISITS)
		return mistake(why, "aliases are nested too deep", name);
	more = reallocarray(expansion->visits, expansion->visit_count + 1, sizeof(*more));
	if (!more)
		return why_errno(why, ENOMEM, name, "expand");
	expansion->visits = more;
	more = &expansion->visits[expansion->visit_count];
	*more = (struct account_visit){.name = strdup(name), .open = true};
	if (!more->name)
		return why_errno(why, ENOMEM, name, "expand");
	*index = expansion->visit_count++;
	expansion->depth++;
	return 0;
}

static void end_visit(struct account_expansion *expansion, size_t index)
{
	expansion->visits[index].open = false;
	expansion->depth--;
}

static int expand_values(struct account_expansion *expansion, const char *name,
	struct alias_value *value, struct why *why);

static int expand_list(struct account_expansion *expansion, const char *path, struct why *why)
{
	const struct account_text_rules rules = {.max = LIST_MAX, .strict = true};
	struct account_visit *seen = find_visit(expansion, path);
	struct account_text text;
	struct alias_value value;
	size_t index = 0;
	int err;

	if (seen) {
		if (seen->open)
			account_note(expansion->notes, "aliases: %s includes itself", path);
		return 0;
	}
	err = account_text_read(&text, path, &rules, why);
	if (err < 0)
		return -EINVAL;
	err = begin_visit(expansion, path, &index, why);
	if (err == 0) {
		alias_value_init(&value, text.at, text.len);
		err = expand_values(expansion, path, &value, why);
		end_visit(expansion, index);
	}
	account_text_done(&text);
	return err;
}

static int expand_account(
	struct account_expansion *expansion, const char *name, const char *domain, struct why *why)
{
	struct account account = {0};
	int err = account_exact(expansion->conf, name, domain, &account, why);

	return err < 0 ? err : account_add_target(expansion, &account, why);
}

/* An address in an alias: of ours, or not; to be expanded again, or not. */
static int expand_address(struct account_expansion *expansion, const char *owner,
	const struct alias_target *target, struct why *why)
{
	char name[ALIAS_NAME_SIZE];
	const char *at = strrchr(target->text, '@');
	const char *domain = at ? at + 1 : "";
	size_t len = at ? (size_t)(at - target->text) : strlen(target->text);
	struct account account = {0};
	int err;

	if (at && !conf_is_local_domain(expansion->conf, domain, strlen(domain)))
		return mistake(why, "leads to another host, which needs the queue", owner);
	if (len == 0 || len >= sizeof(name))
		return account_unknown(why);
	memcpy(name, target->text, len);
	name[len] = '\0';
	expansion->wants_postmaster |= strcasecmp(name, "postmaster") == 0;
	if (target->kind != ALIAS_FINAL)
		return account_expand(expansion, name, domain, why);
	err = account_find(expansion->conf, name, domain, &account, why);
	return err < 0 ? err : account_add_target(expansion, &account, why);
}

/* What the log may show of a target. A list's lines stay where they are: an alias that includes a
 * file that was never meant for that (/etc/shadow, say) must not copy it into the log. */
static const char *shown(const char *owner, const struct alias_target *target)
{
	return *owner == '/' ? "(a line of that list)" : target->text;
}

/* 0 also where the target is nobody: that is noted, and the others go on. */
static int expand_target(struct account_expansion *expansion, const char *owner,
	const struct alias_target *target, struct why *why)
{
	int err = 0;

	switch (target->kind) {
	case ALIAS_COMMAND:
	case ALIAS_FILE:
		account_note(expansion->notes, "aliases: %.60s: refused: %s %.60s", owner,
			target->kind == ALIAS_FILE ? "file" : "command", shown(owner, target));
		return 0;
	case ALIAS_INCLUDE:
		return expand_list(expansion, target->text, why);
	case ALIAS_ADDRESS:
	case ALIAS_FINAL:
		err = expand_address(expansion, owner, target, why);
		break;
	}
	if (err == -ENOENT) {
		account_note(expansion->notes, "aliases: %.60s: no such user: %.60s", owner,
			shown(owner, target));
		err = 0;
	}
	return err;
}

static int expand_values(struct account_expansion *expansion, const char *name,
	struct alias_value *value, struct why *why)
{
	struct alias_target target;
	int more;

	while ((more = alias_target_next(value, &target)) != 0) {
		int err = 0;

		if (more > 0)
			err = expand_target(expansion, name, &target, why);
		else
			account_note(expansion->notes, "aliases: %.60s: a malformed target", name);
		if (err < 0)
			return err;
	}
	return 0;
}

static bool find_entry(
	const struct account_expansion *expansion, const char *name, struct alias_entry *out)
{
	struct alias_scan scan;
	int more;

	alias_scan_init(&scan, expansion->aliases.at, expansion->aliases.len);
	while ((more = alias_next(&scan, out)) != 0) {
		if (more > 0 && strcasecmp(out->name, name) == 0)
			return true;
	}
	return false;
}

/* The alias or list that is being expanded innermost. */
static const char *innermost(const struct account_expansion *expansion)
{
	for (size_t i = expansion->visit_count; i > 0; i--) {
		if (expansion->visits[i - 1].open)
			return expansion->visits[i - 1].name;
	}
	return "";
}

int account_expand_alias(struct account_expansion *expansion, const char *name, struct why *why)
{
	struct account_visit *seen = find_visit(expansion, name);
	struct alias_entry entry;
	size_t before = expansion->targets.count;
	size_t index = 0;
	int err;

	/* "root: root, alice" means the account: an alias that names itself ends there. */
	if (seen && seen->open && strcasecmp(innermost(expansion), name) == 0)
		return account_unknown(why);
	if (seen) {
		if (seen->open)
			account_note(expansion->notes, "aliases: %s leads back to itself", name);
		return 0;
	}
	if (!find_entry(expansion, name, &entry))
		return account_unknown(why);
	err = begin_visit(expansion, name, &index, why);
	if (err < 0)
		return err;
	err = expand_values(expansion, name, &entry.value, why);
	end_visit(expansion, index);
	if (err == 0 && expansion->depth == 0 && expansion->targets.count == before)
		return mistake(why, "leads to no mailbox", name);
	return err;
}

static int expand_exact(
	struct account_expansion *expansion, const char *name, const char *domain, struct why *why)
{
	int err = account_expand_alias(expansion, name, why);

	return err == -ENOENT ? expand_account(expansion, name, domain, why) : err;
}

int account_expand(
	struct account_expansion *expansion, const char *name, const char *domain, struct why *why)
{
	char base[ACCOUNT_NAME_MAX];
	int err = expand_exact(expansion, name, domain, why);

	if (err == -ENOENT && account_strip_tag(expansion->conf, name, base))
		err = expand_exact(expansion, base, domain, why);
	return err;
}

/*
 * account_resolve - see account.h. From an address to mailboxes, by way of the aliases.
 *
 * The alias file is the administrator's, but :include: lists may be others', and both go wrong.
 * What is wrong is told to the notes; what it does to the mail follows one rule: nobody's copy is
 * dropped in silence because of a mistake.
 *  - A target that could have been someone's copy and can't be served now (a remote address, a list
 * that can't be read) defers the whole message. An alias file that is not to be believed does, too:
 * without it, names that it holds would bounce.
 *  - Commands and files are not delivered to, ever, and unknown users can't be: the others get
 * theirs. If nobody is left the message is deferred (4.3.5), so that it is not lost before somebody
 * has looked at it.
 */
#include "account/account_aliases.h"
#include "account/account_source.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct address {
	char local[ALIAS_NAME_SIZE];
	const char *domain; /* "" if there is none */
};

/* Take the local-part apart from the domain, and out of its quotes (RFC 5321 4.1.2). */
static int split(const char *text, struct address *out)
{
	const char *at = strrchr(text, '@');
	const char *end = at ? at : text + strlen(text);
	bool quoted = end - text >= 2 && *text == '"' && end[-1] == '"';
	size_t len = 0;

	for (const char *in = text + quoted; in < end - quoted; in++) {
		if (quoted && *in == '\\' && in + 1 < end - quoted)
			in++;
		if (len == sizeof(out->local) - 1 || iscntrl((unsigned char)*in))
			return -EINVAL;
		out->local[len++] = *in;
	}
	out->local[len] = '\0';
	out->domain = at ? at + 1 : "";
	return len > 0 ? 0 : -EINVAL;
}

static int last_resort(const struct conf *conf, struct account *out, struct why *why)
{
	int err;

	switch (conf->source) {
	case CONF_SOURCE_FILE:
		err = account_file_any(conf, "postmaster", out, why);
		return err == 0 ? account_locate(conf, out, why) : err;
	case CONF_SOURCE_SELF:
		err = account_self(conf, out, why);
		return err == 0 ? account_locate(conf, out, why) : err;
	case CONF_SOURCE_SYSTEM:
		break;
	}
	return account_exact(conf, "root", "", out, why);
}

/* The account of that name, or whoever is left when nobody has it. */
static int add_postmaster(struct account_expansion *expansion, const char *domain, struct why *why)
{
	struct account account = {0};
	int err = account_exact(expansion->conf, "postmaster", domain, &account, why);

	if (err == -ENOENT || err == -EPERM) {
		account_expand_alias(expansion, "root", why);
		if (expansion->targets.count > 0)
			return 0;
		err = last_resort(expansion->conf, &account, why);
	}
	return err < 0 ? err : account_add_target(expansion, &account, why);
}

/* RFC 5321 4.5.1: mail for postmaster is taken, always; where the alias is amiss the next best
 * stands in. */
static int resolve_postmaster(
	struct account_expansion *expansion, const char *domain, struct why *why)
{
	int err = account_expand_alias(expansion, "postmaster", why);

	if (err < 0 && err != -ENOENT && err != -EINVAL)
		return err;
	if (err == -EINVAL)
		account_note(expansion->notes, "%s", why->text);
	return expansion->targets.count > 0 ? 0 : add_postmaster(expansion, domain, why);
}

static int resolve(struct account_expansion *expansion, const char *text, struct why *why)
{
	struct address address;
	int err;

	if (split(text, &address) < 0)
		return account_unknown(why);
	if (*address.domain &&
		!conf_is_local_domain(expansion->conf, address.domain, strlen(address.domain)))
		return why_set(
			why, ENOENT, WHY_PERM, "5.7.1", "mail for this domain is not taken here");
	if (strcasecmp(address.local, "postmaster") == 0)
		return resolve_postmaster(expansion, address.domain, why);
	err = account_expand(expansion, address.local, address.domain, why);
	/* "abuse: postmaster" reaches whom postmaster reaches, also where that is the last resort.
	 */
	if (err == -EINVAL && expansion->wants_postmaster && expansion->targets.count == 0) {
		account_note(expansion->notes, "%s", why->text);
		err = add_postmaster(expansion, address.domain, why);
	}
	return err;
}

int account_resolve(const struct conf *conf, const char *address, struct account_targets *out,
	void (*note)(void *context, const char *text), void *context, struct why *why)
{
	struct account_notes notes = {note, context};
	struct account_expansion expansion = {.conf = conf, .notes = &notes};
	struct why why_not = {0};
	int err = account_expansion_open(&expansion, &why_not);

	if (err == 0)
		err = resolve(&expansion, address, &why_not);
	if (err == 0) {
		*out = expansion.targets;
		expansion.targets = (struct account_targets){0};
	} else {
		if (why_not.class == WHY_TEMP)
			account_note(&notes, "%s", why_not.text);
		if (why)
			*why = why_not;
	}
	account_expansion_done(&expansion);
	return err;
}

void account_targets_done(struct account_targets *targets)
{
	free(targets->list);
	*targets = (struct account_targets){0};
}

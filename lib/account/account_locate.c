/*
 * account_locate - [store] mailbox with %u, %d, %h replaced.
 *
 * %u is the name as the account database spells it. Where a file's account is "alice@a.example"
 * that is the whole of it, so that it can't share a mailbox with "alice@b.example"; where the
 * template also has %d, which tells them apart, %u is the part before the "@". Names and domains
 * have been checked: no "/" and no "..".
 */
#include "account/account_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int misfit(struct why *why, const char *what)
{
	return why_set(why, EINVAL, WHY_TEMP, "4.3.5", "[store] mailbox: %s", what);
}

/* What stands for %c, or NULL. */
static const char *value_of(const struct account *account, const char *user, char c)
{
	switch (c) {
	case 'u':
		return user;
	case 'd':
		return account->domain;
	case 'h':
		return account->home;
	case '%':
		return "%";
	default:
		return NULL;
	}
}

static int expand(const char *template, const struct account *account, const char *user,
	char out[static PATH_MAX], struct why *why)
{
	size_t len = 0;

	for (const char *at = template; *at; at++) {
		char one[2] = {*at, '\0'};
		const char *part = one;
		int n;

		if (*at == '%') {
			at++;
			part = value_of(account, user, *at);
			if (!part)
				return misfit(why, "after '%' comes 'u', 'd', 'h' or '%'");
			if (!*part || (*at == 'h' && *part != '/'))
				return misfit(why, "this account lacks a home or domain");
		}
		n = snprintf(out + len, PATH_MAX - len, "%s", part);
		if (n < 0 || (size_t)n >= PATH_MAX - len)
			return misfit(why, "the path is too long");
		len += (size_t)n;
	}
	out[len] = '\0';
	return 0;
}

int account_locate(const struct conf *conf, struct account *account, struct why *why)
{
	char user[ACCOUNT_NAME_MAX];
	char *at;
	const char *path;
	int err;

	memcpy(user, account->name, sizeof(user));
	at = strchr(user, '@');
	if (at && strstr(conf->mailbox, "%d"))
		*at = '\0';
	err = expand(conf->mailbox, account, user, account->location, why);
	if (err < 0)
		return err;
	path = strchr(account->location, ':');
	if (!path || path[1] != '/')
		return misfit(why, "the path does not begin with '/'");
	snprintf(account->key, sizeof(account->key), "%lu", (unsigned long)account->uid);
	return 0;
}

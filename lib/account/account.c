/*
 * account - see account.h. Names, and which source answers for them.
 *
 * Whatever a session sent passes account_name_ok() here before a source sees it.
 */
#include "account/account.h"

#include "account/account_source.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	int (*find)(const struct conf *conf, const char *name, const char *domain,
		struct account *out, struct why *why);
	int (*login)(const struct conf *conf, const struct account_attempt *attempt,
		struct account *out, struct why *why);
} sources[] = {
	[CONF_SOURCE_SYSTEM] = {account_system_find, account_system_login},
	[CONF_SOURCE_FILE] = {account_file_find, account_file_login},
	[CONF_SOURCE_SELF] = {account_self_find, account_self_login},
};

void account_note(const struct account_notes *notes, const char *fmt, ...)
{
	char text[sizeof(((struct why *)NULL)->text)];
	va_list args;

	if (!notes || !notes->note)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	notes->note(notes->context, text);
}

int account_unknown(struct why *why)
{
	return why_set(why, ENOENT, WHY_PERM, "5.1.1", "no such mailbox");
}

int account_refuse(struct why *why)
{
	return why_set(why, EACCES, WHY_AUTH, "5.7.8", "authentication failed");
}

/* Of the right characters, for a name with or without a tag. */
static bool is_spelled(const char *name)
{
	size_t len = strnlen(name, ACCOUNT_NAME_MAX);

	if (len == 0 || len >= ACCOUNT_NAME_MAX || strchr(".-", *name) || strstr(name, ".."))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 0x80 || (!isalnum(c) && !strchr("._-+=@", c)))
			return false;
	}
	return true;
}

/* Mail to "x" makes a dotlock "x.lock" beside x's mailbox, and may take one away that it finds. */
static bool is_dotlock(const char *name, size_t len)
{
	static const char suffix[] = ".lock";
	size_t n = sizeof(suffix) - 1;

	return len >= n && strncasecmp(name + len - n, suffix, n) == 0;
}

/* The part in front of "@" can be the name of a mailbox, too ([store] mailbox with %d). */
bool account_name_ok(const char *name)
{
	return is_spelled(name) && !is_dotlock(name, strlen(name)) &&
	       !is_dotlock(name, strcspn(name, "@"));
}

const char *account_main_domain(const struct conf *conf)
{
	return conf->domain_count > 0 ? conf->domains[0] : conf->hostname;
}

bool account_strip_tag(const struct conf *conf, const char *name, char out[static ACCOUNT_NAME_MAX])
{
	const char *tag = conf->delimiter ? strchr(name, conf->delimiter) : NULL;
	size_t len = tag ? (size_t)(tag - name) : 0;

	if (len == 0 || len >= ACCOUNT_NAME_MAX)
		return false;
	memcpy(out, name, len);
	out[len] = '\0';
	return true;
}

bool account_lower(const char *name, char out[static ACCOUNT_NAME_MAX])
{
	bool changed = false;
	size_t i;

	for (i = 0; name[i] && i < ACCOUNT_NAME_MAX - 1; i++) {
		out[i] = (char)tolower((unsigned char)name[i]);
		changed |= out[i] != name[i];
	}
	out[i] = '\0';
	return changed;
}

int account_exact(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why)
{
	struct account found = {0};
	char small[ACCOUNT_NAME_MAX];
	int err;

	if (!account_name_ok(name))
		return account_unknown(why);
	err = sources[conf->source].find(conf, name, domain, &found, why);
	if (err == -ENOENT && account_lower(name, small))
		err = sources[conf->source].find(conf, small, domain, &found, why);
	if (err == 0)
		err = account_locate(conf, &found, why);
	if (err == 0)
		*out = found;
	return err;
}

int account_find(const struct conf *conf, const char *name, const char *domain, struct account *out,
	struct why *why)
{
	char base[ACCOUNT_NAME_MAX];
	int err;

	if (domain && *domain && !conf_is_local_domain(conf, domain, strlen(domain)))
		return account_unknown(why);
	err = account_exact(conf, name, domain ? domain : "", out, why);
	if (err == -ENOENT && is_spelled(name) && account_strip_tag(conf, name, base))
		err = account_exact(conf, base, domain ? domain : "", out, why);
	return err;
}

/* "user" or "user@domain" of ours; anything else leaves the name empty, and no source knows that.
 */
static void split_user(const struct conf *conf, struct account_attempt *attempt)
{
	const char *user = attempt->given->user;
	const char *at;
	size_t len;

	if (!account_name_ok(user))
		return;
	at = strrchr(user, '@');
	len = at ? (size_t)(at - user) : strlen(user);
	if (at && !conf_is_local_domain(conf, at + 1, strlen(at + 1)))
		return;
	memcpy(attempt->name, user, len);
	if (at)
		snprintf(attempt->domain, sizeof(attempt->domain), "%s", at + 1);
	if (!account_name_ok(attempt->name))
		attempt->name[0] = '\0';
}

void account_login_name(
	const struct conf *conf, const char *user, char out[static ACCOUNT_LOGIN_NAME_SIZE])
{
	struct account_credentials given = {.user = user};
	struct account_attempt attempt = {.given = &given};

	split_user(conf, &attempt);
	snprintf(out, ACCOUNT_LOGIN_NAME_SIZE, "%s", attempt.name);
	for (; *out; out++)
		*out = (char)tolower((unsigned char)*out);
}

int account_login(const struct conf *conf, const struct account_credentials *credentials,
	struct account *out, void (*note)(void *context, const char *text), void *context,
	struct why *why)
{
	struct account_notes notes = {note, context};
	struct account_attempt attempt = {.given = credentials, .notes = &notes};
	struct account found = {0};
	int err;

	split_user(conf, &attempt);
	err = sources[conf->source].login(conf, &attempt, &found, why);
	if (err == 0 && found.uid == 0)
		err = account_refuse(why);
	if (err == 0)
		err = account_locate(conf, &found, why);
	if (err == 0)
		*out = found;
	return err;
}

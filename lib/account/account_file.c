/*
 * account_file - accounts in a file of ours: virtual users, whose mailboxes all belong to
 * [accounts] owner.
 *
 * A log-in costs one crypt(3) whether the name is known or not. For an unknown or locked name it is
 * done with the hash of the file's first account, so it has the same method and cost. The file is
 * read anew each time, as everything is in a house without daemons.
 */
#include "account/account_source.h"

#include "account/account_lines.h"
#include "account/account_text.h"

#include <crypt.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MAX   (16 << 20)
#define MOST_NOTES 5 /* of one reading */

/* What a search for one account found. */
struct found {
	struct account_line line;
	bool known;
	char sample[ACCOUNT_HASH_SIZE]; /* some account's hash; "" if there is none */
};

static bool is_name(const char *entry, const char *name, const char *domain)
{
	size_t len = strlen(name);

	return *domain && strncmp(entry, name, len) == 0 && entry[len] == '@' &&
	       strcasecmp(entry + len + 1, domain) == 0;
}

/* "name@domain" beats "name", wherever in the file they stand; of several the first counts. */
static void consider(struct found *found, const struct account_line *line, const char *name,
	const char *domain, bool *exact)
{
	if (!*found->sample)
		memcpy(found->sample, line->hash, sizeof(found->sample));
	if (!*name || *exact)
		return;
	*exact = is_name(line->name, name, domain);
	if (*exact || (!found->known && strcmp(line->name, name) == 0)) {
		found->line = *line;
		found->known = true;
	}
}

static int search(const struct conf *conf, const char *name, const char *domain,
	const struct account_notes *notes, struct found *found, struct why *why)
{
	const struct account_text_rules rules = {.max = FILE_MAX};
	struct account_text text;
	struct account_lines lines;
	struct account_line line;
	bool exact = false;
	int bad = 0;
	int err = account_text_read(&text, conf->accounts_file, &rules, why);

	if (err < 0) {
		account_note(notes, "%s", why->text);
		return -EAGAIN; /* never -ENOENT, which would be the user */
	}
	account_lines_init(&lines, text.at, text.len);
	while ((err = account_lines_next(&lines, &line)) != 0) {
		if (err > 0)
			consider(found, &line, name, domain, &exact);
		else if (bad++ < MOST_NOTES)
			account_note(
				notes, "%s:%u: not \"name:hash\"", conf->accounts_file, lines.line);
	}
	explicit_bzero(&line, sizeof(line));
	account_text_done(&text);
	return 0;
}

static int misowned(struct why *why, const char *what)
{
	return why_set(why, EPERM, WHY_TEMP, "4.3.5",
		"[accounts] owner %s: set it to the user, not root, who shall own all mailboxes",
		what);
}

static int set_owner(const struct conf *conf, struct account *out, struct why *why)
{
	struct passwd pw;
	struct passwd *known = NULL;
	char space[16384];

	out->uid = geteuid();
	out->gid = getegid();
	if (*conf->owner) {
		int err = getpwnam_r(conf->owner, &pw, space, sizeof(space), &known);

		if (!known && err)
			return why_errno(why, err, conf->owner, "look up [accounts] owner");
		if (!known)
			return misowned(why, "does not exist");
		out->uid = pw.pw_uid;
		out->gid = pw.pw_gid;
	}
	if (out->uid == 0)
		return misowned(why, *conf->owner ? "is root" : "is not set");
	if (geteuid() != 0 && out->uid != geteuid())
		return misowned(why, "is not the user who runs the agent");
	return 0;
}

int account_file_any(
	const struct conf *conf, const char *name, struct account *out, struct why *why)
{
	const char *at = strchr(name, '@');

	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->domain, sizeof(out->domain), "%s", at ? at + 1 : account_main_domain(conf));
	return set_owner(conf, out, why);
}

int account_file_find(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why)
{
	struct found found = {0};
	struct why why_not;
	int err = search(conf, name, domain, NULL, &found, &why_not);

	explicit_bzero(found.line.hash, sizeof(found.line.hash));
	explicit_bzero(found.sample, sizeof(found.sample));
	if (err < 0 && why)
		*why = why_not;
	if (err < 0)
		return err;
	return found.known ? account_file_any(conf, found.line.name, out, why)
			   : account_unknown(why);
}

/* Takes as long wherever they differ. Lengths are no secret: each method has one. */
static bool is_same(const char *a, const char *b)
{
	size_t len = strlen(a);
	volatile unsigned char differ = 0;

	if (strlen(b) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

/* Is this the password that hash was made of? Costs the same for a hash that can't be right. */
static bool is_password(const char *password, const char *hash, const char *sample)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char made_up[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *setting = *hash ? hash : sample;
	const char *result;
	bool same;

	if (!data)
		return false;
	if (!*setting)
		setting = crypt_gensalt_rn(NULL, 0, NULL, 0, made_up, sizeof(made_up));
	result = setting ? crypt_rn(password, setting, data, sizeof(*data)) : NULL;
	same = result && *result != '*' && *hash && is_same(result, hash);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return same;
}

/* As spelled, else in lower case. */
static int search_for_login(const struct conf *conf, const struct account_attempt *attempt,
	struct found *found, struct why *why)
{
	char small[ACCOUNT_NAME_MAX];
	int err = search(conf, attempt->name, attempt->domain, attempt->notes, found, why);

	if (err == 0 && !found->known && account_lower(attempt->name, small))
		err = search(conf, small, attempt->domain, NULL, found, why);
	return err;
}

int account_file_login(const struct conf *conf, const struct account_attempt *attempt,
	struct account *out, struct why *why)
{
	struct found found = {0};
	struct why why_not;
	bool right;
	int err = search_for_login(conf, attempt, &found, &why_not);

	if (err < 0)
		return why_set(why, EAGAIN, WHY_TEMP, "4.7.0", "passwords can't be checked now");
	right = is_password(attempt->given->password, found.line.hash, found.sample);
	explicit_bzero(found.line.hash, sizeof(found.line.hash));
	explicit_bzero(found.sample, sizeof(found.sample));
	if (!found.known || !right) {
		account_note(attempt->notes, "%s: %s", conf->accounts_file,
			found.known ? "wrong password, or locked" : "unknown user");
		return account_refuse(why);
	}
	err = account_file_any(conf, found.line.name, out, &why_not);
	if (err < 0) {
		account_note(attempt->notes, "%s", why_not.text);
		if (why)
			*why = why_not;
	}
	return err;
}

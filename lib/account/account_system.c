/*
 * account_system - accounts of the system: NSS tells who exists, PAM who may log in.
 *
 * "No such user" is an answer only where NSS gave one; a directory that does not answer is a
 * temporary failure, for mail bounced by mistake is lost. System users (uid below 1000) get mail,
 * as they always did, but never log in. A process without root's rights can serve its own user
 * alone: others exist, yet not here.
 */
#include "account/account_source.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX (1 << 20) /* octets of one passwd record, at most */

struct lookup {
	const char *name; /* NULL: by uid */
	uid_t uid;
};

static int ask(const struct lookup *lookup, struct passwd *pw, char *space, size_t size, int *known)
{
	struct passwd *found = NULL;
	int err;

	do {
		err = lookup->name ? getpwnam_r(lookup->name, pw, space, size, &found)
				   : getpwuid_r(lookup->uid, pw, space, size, &found);
	} while (err == EINTR);
	*known = found != NULL;
	/* getpwnam_r(3): these are some systems' ways to say "not found". */
	if (!found && (err == ENOENT || err == ESRCH || err == EBADF || err == EPERM))
		err = 0;
	return err;
}

static int take(const struct passwd *pw, struct account *out, struct why *why)
{
	if (!account_name_ok(pw->pw_name) || strlen(pw->pw_dir) >= sizeof(out->home))
		return account_unknown(why);
	snprintf(out->name, sizeof(out->name), "%s", pw->pw_name);
	snprintf(out->home, sizeof(out->home), "%s", pw->pw_dir);
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	return 0;
}

static int find(const struct lookup *lookup, struct account *out, struct why *why)
{
	struct passwd pw;
	char *space = NULL;
	int known = 0;
	int err = ERANGE;

	for (size_t size = 4096; err == ERANGE && size <= RECORD_MAX; size *= 2) {
		char *more = realloc(space, size);

		if (!more) {
			err = ENOMEM;
			break;
		}
		space = more;
		err = ask(lookup, &pw, space, size, &known);
	}
	if (err)
		err = why_set(why, err, WHY_TEMP, "4.3.0", "the user database: %s", strerror(err));
	else
		err = known ? take(&pw, out, why) : account_unknown(why);
	free(space);
	return err;
}

/* Where sessions start their own agent, since none listens: the log should say what to do. */
static int cannot_serve(const char *name, struct why *why)
{
	return why_set(why, EPERM, WHY_TEMP, "4.3.5",
		"this agent, of uid %lu, can't serve %s, and root's does not listen: is "
		"pillarbox-agent.socket active?",
		(unsigned long)geteuid(), name);
}

int account_system_find(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why)
{
	struct lookup lookup = {.name = name};
	int err = find(&lookup, out, why);

	(void)domain; /* the same users in each */
	if (err < 0)
		return err;
	if (geteuid() != 0 && out->uid != geteuid())
		return cannot_serve(out->name, why);
	snprintf(out->domain, sizeof(out->domain), "%s", account_main_domain(conf));
	return 0;
}

static bool may_log_in(const struct account *account)
{
	return account->uid >= ACCOUNT_FIRST_UID && strcmp(account->name, "nobody") != 0;
}

/* As account_exact(), and everything that forbids a log-in is a user who does not exist. */
static int find_for_login(
	const struct conf *conf, const char *name, struct account *out, struct why *why)
{
	int err = *name ? account_exact(conf, name, "", out, why) : account_unknown(why);

	if (err == -EPERM || (err == 0 && !may_log_in(out)))
		return account_unknown(why);
	return err;
}

int account_system_login(const struct conf *conf, const struct account_attempt *attempt,
	struct account *out, struct why *why)
{
	char user[ACCOUNT_NAME_MAX];
	int err = find_for_login(conf, attempt->name, out, why);

	/* The sessions' user lets nobody in: no password is wrong, and it does not show who exists.
	 * (An ordinary user's agent lets that one in.) */
	if (err == -ENOENT && geteuid() != 0 && geteuid() < ACCOUNT_FIRST_UID)
		return cannot_serve(*attempt->name ? attempt->name : "this user", why);
	if (err == -ENOENT)
		return account_pam_pretend(conf, attempt, why);
	if (err < 0)
		return err;
	err = account_pam_check(conf, out->name, attempt->given->password, attempt, user, why);
	if (err < 0 || strcmp(user, out->name) == 0)
		return err;
	/* A module has mapped the name to another; that one must be allowed in just as well. */
	err = find_for_login(conf, user, out, why);
	return err == -ENOENT ? account_refuse(why) : err;
}

int account_self(const struct conf *conf, struct account *out, struct why *why)
{
	struct lookup lookup = {.uid = geteuid()};
	const char *home = getenv("HOME");
	int err = find(&lookup, out, why);

	if (err == -ENOENT) { /* a container, say: a uid without a name */
		snprintf(out->name, sizeof(out->name), "uid%lu", (unsigned long)geteuid());
		snprintf(out->home, sizeof(out->home), "%s", home ? home : "");
		out->uid = geteuid();
		out->gid = getegid();
		err = 0;
	}
	snprintf(out->domain, sizeof(out->domain), "%s", account_main_domain(conf));
	return err;
}

int account_self_find(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why)
{
	struct account self = {0};
	int err = account_self(conf, &self, why);

	(void)domain;
	if (err == 0 && strcmp(self.name, name) != 0)
		err = account_unknown(why);
	if (err == 0)
		*out = self;
	return err;
}

int account_self_login(const struct conf *conf, const struct account_attempt *attempt,
	struct account *out, struct why *why)
{
	char user[ACCOUNT_NAME_MAX];
	int err = *attempt->name ? account_exact(conf, attempt->name, "", out, why)
				 : account_unknown(why);

	if (err == -ENOENT || (err == 0 && out->uid == 0))
		return account_pam_pretend(conf, attempt, why);
	if (err < 0)
		return err;
	/* Whoever holds this user's pipe has this user's rights already: there is nothing to prove.
	 */
	if (attempt->given->from_pipe && geteuid() != 0)
		return 0;
	err = account_pam_check(conf, out->name, attempt->given->password, attempt, user, why);
	if (err == 0 && strcmp(user, out->name) != 0)
		err = account_refuse(why);
	return err;
}

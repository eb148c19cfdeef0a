/*
 * spoolctl_mailbox - from a word on the command line to a mailbox, as its owner.
 *
 * root finds out whose it is, makes that user's folders as the agent does, and becomes the user for
 * good before the mailbox is touched: what may lie there is the user's. Others have their own.
 */
#include "spoolctl.h"

#include "agent/agent_become.h"
#include "agent/agent_folder.h"
#include "agent/agent_place.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const char *path_in(const char *location)
{
	const char *colon = strchr(location, ':');

	return colon && colon[1] == '/' ? colon + 1 : NULL;
}

/* The file's owner, or the caller if there is none. */
static int find_location(struct spoolctl_mailbox *mailbox, const char *location)
{
	struct account *account = &mailbox->account;
	const char *path = path_in(location);
	const struct passwd *pw;
	struct stat st;

	if (!path || snprintf(account->location, sizeof(account->location), "%s", location) >=
			     (int)sizeof(account->location))
		return spoolctl_refuse(EX_USAGE, location, "not a mailbox location");
	account->uid = geteuid();
	account->gid = getegid();
	if (geteuid() == 0 && lstat(path, &st) == 0) {
		account->uid = st.st_uid;
		account->gid = st.st_gid;
		pw = getpwuid(st.st_uid);
		if (pw)
			account->gid = pw->pw_gid;
	}
	snprintf(account->key, sizeof(account->key), "%lu", (unsigned long)account->uid);
	return EX_OK;
}

static int find_user(struct spoolctl_mailbox *mailbox, const struct conf *conf, const char *name)
{
	const char *at = strrchr(name, '@');
	char user[ACCOUNT_NAME_MAX];
	struct why why = {0};
	int len = at ? (int)(at - name) : (int)strlen(name);
	int err;

	if (!account_name_ok(name) || len >= (int)sizeof(user))
		return spoolctl_refuse(EX_USAGE, name, "neither a user's name nor a location");
	snprintf(user, sizeof(user), "%.*s", len, name);
	err = account_find(conf, user, at ? at + 1 : "", &mailbox->account, &why);
	if (err == -ENOENT)
		return spoolctl_refuse(EX_NOUSER, name, "no such user");
	if (err < 0)
		return spoolctl_fail(err, &why);
	if (geteuid() != 0 && mailbox->account.uid != geteuid())
		return spoolctl_refuse(EX_NOPERM, name, "another user's mailbox");
	return EX_OK;
}

int spoolctl_mailbox_find(
	struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl, const char *name)
{
	const struct passwd *pw = name ? NULL : getpwuid(geteuid());

	mailbox->name = name;
	if (name && strchr(name, ':'))
		return find_location(mailbox, name);
	if (!name && geteuid() == 0)
		return spoolctl_refuse(EX_USAGE, NULL, "whose mailbox? See --help");
	if (!name && !pw)
		return spoolctl_refuse(EX_NOUSER, NULL, "who are you?");
	return find_user(mailbox, &ctl->conf, name ? name : pw->pw_name);
}

/* The folders, without making any. */
static int name_folders(struct spoolctl_mailbox *mailbox, const struct conf *conf)
{
	const char *key = mailbox->account.key;

	if (snprintf(mailbox->state, sizeof(mailbox->state), "%s/%s", conf->state, key) >=
			(int)sizeof(mailbox->state) ||
		snprintf(mailbox->cache, sizeof(mailbox->cache), "%s/%s", conf->cache, key) >=
			(int)sizeof(mailbox->cache))
		return spoolctl_refuse(EX_CONFIG, conf->state, "too long");
	return EX_OK;
}

static int make_state(struct spoolctl_mailbox *mailbox, const struct conf *conf)
{
	struct why why = {0};
	int err = access(mailbox->state, W_OK) == 0 ? 0
						    : agent_folder_state(conf, &mailbox->account,
							      mailbox->state, NULL, NULL, &why);

	return err < 0 ? spoolctl_fail(err, &why) : EX_OK;
}

static void note(void *context, const char *text)
{
	(void)context;
	(void)spoolctl_refuse(EX_OK, NULL, text);
}

int spoolctl_mailbox_enter(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl,
	const struct spoolctl_verb *verb)
{
	struct why why = {0};
	int status = name_folders(mailbox, &ctl->conf);
	int err;

	if (status == EX_OK && ((verb->flags & SPOOLCTL_OPENS) || ctl->repair))
		status = make_state(mailbox, &ctl->conf);
	if (status != EX_OK)
		return status;
	err = ctl->repair ? spoolctl_helper_start(mailbox) : 0;
	if (err < 0)
		return spoolctl_refuse(EX_OSERR, "a helper", strerror(-err));
	err = agent_become(mailbox->account.uid, mailbox->account.gid, &why);
	if (err < 0)
		return spoolctl_fail(err, &why);
	agent_place_init(&mailbox->place, &ctl->conf, &mailbox->account, mailbox->state);
	mailbox->place.note = note;
	mailbox->place.helper = &mailbox->helper;
	if (access(mailbox->cache, W_OK) == 0)
		mailbox->place.cache = mailbox->cache;
	return EX_OK;
}

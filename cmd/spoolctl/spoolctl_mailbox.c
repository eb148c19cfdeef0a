/*
 * spoolctl_mailbox - from a word on the command line to a mailbox, as its owner.
 *
 * root finds out whose it is, makes that user's folders as the agent does, and becomes the user for
 * good before the mailbox is touched: what may lie there is the user's. Others have their own.
 */
#include "spoolctl.h"

#include "account/account_source.h"
#include "agent/agent_become.h"
#include "agent/agent_folder.h"
#include "agent/agent_place.h"
#include "agent/agent_spool_helper.h"
#include "base/fd.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

const char *spoolctl_path_in(const char *location)
{
	const char *colon = strchr(location, ':');

	return colon && colon[1] == '/' ? colon + 1 : NULL;
}

static int check_kind(const char *location)
{
	if (strncmp(location, "mbox:", 5) == 0 || strncmp(location, "maildir:", 8) == 0)
		return EX_OK;
	return spoolctl_refuse(
		EX_CONFIG, location, "a location begins with \"mbox:\" or \"maildir:\"");
}

/* As it was typed; a shell's completion puts a slash behind a folder. */
static int take_location(struct account *account, const char *location)
{
	int status = check_kind(location);
	int len = (int)strlen(location);

	if (status != EX_OK)
		return status;
	while (len > 1 && location[len - 1] == '/' && location[len - 2] != ':')
		len--;
	if (!spoolctl_path_in(location))
		return spoolctl_refuse(EX_USAGE, location, "the path does not begin with '/'");
	if (snprintf(account->location, sizeof(account->location), "%.*s", len, location) >=
		(int)sizeof(account->location))
		return spoolctl_refuse(EX_USAGE, location, "the path is too long");
	return EX_OK;
}

/* The file's owner, or the caller if there is none. */
static int find_location(struct spoolctl_mailbox *mailbox, const char *location)
{
	struct account *account = &mailbox->account;
	const char *path;
	const struct passwd *pw;
	struct stat st;
	int status = take_location(account, location);

	if (status != EX_OK)
		return status;
	path = spoolctl_path_in(account->location);
	account->uid = geteuid();
	account->gid = getegid();
	if (geteuid() == 0 && lstat(path, &st) == 0) {
		account->uid = st.st_uid;
		account->gid = st.st_gid;
	}
	pw = getpwuid(account->uid);
	if (pw) {
		account->gid = account->uid == geteuid() ? account->gid : pw->pw_gid;
		snprintf(account->name, sizeof(account->name), "%s", pw->pw_name);
		snprintf(account->home, sizeof(account->home), "%s", pw->pw_dir);
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
	if (err == -ENOENT && conf->source == CONF_SOURCE_SELF && getpwnam(user))
		return spoolctl_refuse(EX_NOPERM, name, "another user's mailbox");
	if (err == -ENOENT)
		return spoolctl_refuse(EX_NOUSER, name, "no such user");
	if (err < 0)
		return spoolctl_fail(err, &why);
	if (geteuid() != 0 && mailbox->account.uid != geteuid())
		return spoolctl_refuse(EX_NOPERM, name, "another user's mailbox");
	return EX_OK;
}

static int find(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl, const char *name)
{
	const struct passwd *pw = name ? NULL : getpwuid(geteuid());

	if (name && strchr(name, ':'))
		return find_location(mailbox, name);
	if (!name && geteuid() == 0)
		return spoolctl_refuse(EX_USAGE, NULL, "whose mailbox? See --help");
	if (!name && !pw)
		return spoolctl_refuse(EX_NOUSER, NULL, "who are you?");
	return find_user(mailbox, &ctl->conf, name ? name : pw->pw_name);
}

/* As if [store] mailbox were `template`. NULL: it is as configured. */
static int locate(struct account *account, const struct conf *conf, const char *template)
{
	struct conf other = *conf;
	struct why why = {0};
	int status = template ? check_kind(template) : EX_OK;

	if (status != EX_OK)
		return status;
	if (template)
		other.mailbox = template;
	if (account_locate(&other, account, &why) < 0)
		return spoolctl_refuse(EX_USAGE, template, why.text);
	if (template && template[strlen(template) - 1] == '/') /* the next one to read it is conf */
		return spoolctl_refuse(EX_USAGE, template, "no '/' stands at the end");
	return EX_OK;
}

static int find_target(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl)
{
	bool is_location = mailbox->name && strchr(mailbox->name, ':');
	int status;

	if (!ctl->from && !ctl->to)
		return spoolctl_refuse(EX_USAGE, "convert", "takes --to LOCATION, or --from");
	if (ctl->from && is_location)
		return spoolctl_refuse(EX_USAGE, mailbox->name, "--from is for users' names");
	mailbox->target = mailbox->account;
	status = locate(&mailbox->target, &ctl->conf, ctl->to);
	if (status == EX_OK && ctl->from)
		status = locate(&mailbox->account, &ctl->conf, ctl->from);
	return status;
}

/* What would be opened as root must be reached by a way that only root can have laid, or whoever
 * can put a link there decides which file of root's is read and changed. */
static int check_way(const char *location)
{
	const char *path = spoolctl_path_in(location);
	int folder = -1;
	int err = agent_folder_trusted(path, &folder);
	struct stat st;

	fd_close(&folder);
	if (err == 0 || err == -ENOENT)
		return EX_OK;
	return spoolctl_refuse(EX_NOPERM, location,
		lstat(path, &st) == 0
			? "not opened as root, for others can change the way to it"
			: "nothing is there, and root goes no way that others can change");
}

static int check_ways(const struct spoolctl_mailbox *mailbox, const struct spoolctl_verb *verb)
{
	const char *target = mailbox->target.location;
	int status = EX_OK;

	if (geteuid() != 0 || mailbox->account.uid != 0)
		return EX_OK;
	if (strchr(mailbox->name, ':'))
		status = check_way(mailbox->account.location);
	if (status == EX_OK && (verb->flags & SPOOLCTL_CONVERTS) && spoolctl_path_in(target))
		status = check_way(target);
	return status;
}

int spoolctl_mailbox_find(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl,
	const struct spoolctl_verb *verb, const char *name)
{
	int status;

	mailbox->name = name;
	status = find(mailbox, ctl, name);
	if (status == EX_OK && (verb->flags & SPOOLCTL_CONVERTS))
		status = find_target(mailbox, ctl);
	return status == EX_OK ? check_ways(mailbox, verb) : status;
}

/* Of the same kind: that is refused later, and nothing may have been made. */
static bool are_alike(const struct spoolctl_mailbox *mailbox)
{
	const char *from = mailbox->account.location;
	const char *to = mailbox->target.location;
	size_t len = strcspn(from, ":");

	return strncmp(from, to, len + 1) == 0;
}

/* In a folder where only root may make mailboxes the agent's way of making one for its owner is
 * taken. Elsewhere the owner makes it, or is told why that can't be. */
static void make_target(const struct spoolctl_mailbox *mailbox)
{
	const char *source = spoolctl_path_in(mailbox->account.location);
	const char *path = spoolctl_path_in(mailbox->target.location);
	struct agent_spool_helper helper;
	struct stat st;

	if (geteuid() != 0 || mailbox->target.uid == 0 || !source || lstat(source, &st) < 0 ||
		!path || lstat(path, &st) == 0 || are_alike(mailbox))
		return;
	agent_spool_helper_init(&helper, &mailbox->target);
	(void)agent_spool_helper_create(&helper);
	agent_spool_helper_done(&helper);
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
	int err = 0;

	/* root may write to any, also to one whose maker was killed before it was its owner's. */
	if (geteuid() == 0 || access(mailbox->state, W_OK) != 0)
		err = agent_folder_state(conf, &mailbox->account, mailbox->state, NULL, NULL, &why);
	return err < 0 ? spoolctl_fail(err, &why) : EX_OK;
}

static void note(void *context, const char *text)
{
	(void)context;
	(void)spoolctl_refuse(EX_OK, NULL, text);
}

/* Whose lock file it may be that only root can make: of two mailboxes one is an mbox. */
static const struct account *find_mbox(
	const struct spoolctl_mailbox *mailbox, const struct spoolctl_verb *verb)
{
	bool is_target = verb->flags & SPOOLCTL_CONVERTS &&
			 strncmp(mailbox->target.location, "mbox:", 5) == 0;

	return is_target ? &mailbox->target : &mailbox->account;
}

int spoolctl_mailbox_enter(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl,
	const struct spoolctl_verb *verb)
{
	struct why why = {0};
	int status = name_folders(mailbox, &ctl->conf);
	int err = 0;

	if (status == EX_OK && ((verb->flags & SPOOLCTL_OPENS) || ctl->repair))
		status = make_state(mailbox, &ctl->conf);
	if (status != EX_OK)
		return status;
	if (verb->flags & SPOOLCTL_CONVERTS)
		make_target(mailbox);
	if (ctl->repair || verb->flags & SPOOLCTL_CONVERTS)
		err = spoolctl_helper_start(mailbox, find_mbox(mailbox, verb));
	if (err < 0)
		return spoolctl_refuse(EX_OSERR, "a helper", strerror(-err));
	err = agent_become(mailbox->account.uid, mailbox->account.gid, &why);
	if (err < 0)
		return spoolctl_fail(err, &why);
	agent_place_init(&mailbox->place, &ctl->conf, &mailbox->account, mailbox->state);
	mailbox->place.note = note;
	mailbox->place.helper = &mailbox->helper;
	mailbox->place.keeps_new = true; /* no client has got what is shown here */
	if (access(mailbox->cache, W_OK) == 0)
		mailbox->place.cache = mailbox->cache;
	mailbox->target_place = mailbox->place;
	mailbox->target_place.location = mailbox->target.location;
	return EX_OK;
}

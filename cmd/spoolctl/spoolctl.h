/*
 * spoolctl - what its files share: the options, the verbs, and one mailbox that a verb is run for.
 */
#ifndef CMD_SPOOLCTL_H
#define CMD_SPOOLCTL_H

#include "account/account.h"
#include "base/why.h"
#include "conf/conf.h"
#include "spool/spool.h"

#include <jansson.h>
#include <stdbool.h>

struct spoolctl {
	struct conf conf;
	const char *config; /* NULL: CONF_FILE */
	bool json;
	bool header; /* of a message, no more */
	bool repair; /* what is checked */
	bool merge;
	const char *from; /* as [store] mailbox; NULL: not given */
	const char *to;
};

struct spoolctl_mailbox {
	const char *name; /* as it was called on the command line; NULL: the caller's own */
	struct account account;
	char state[PATH_MAX];
	char cache[PATH_MAX];
	struct spool_place place;
	struct spool_helper helper; /* of root's, for who repairs or converts */
	int helper_channel;
	struct account target; /* SPOOLCTL_CONVERTS: the same user, and where the mailbox goes */
	struct spool_place target_place;
};

enum spoolctl_flags {
	SPOOLCTL_NUMBER = 1,   /* the last argument is a message's number; one mailbox at most */
	SPOOLCTL_OPENS = 2,    /* takes the session lock */
	SPOOLCTL_REPAIRS = 4,  /* if asked to, and takes the session lock then */
	SPOOLCTL_CONVERTS = 8, /* has --from and --to */
};

/* One row for each thing that can be done; run() is in spoolctl_<name>.c and returns an exit status
 * (sysexits.h). It runs in a process of its own, as the mailbox's owner. */
struct spoolctl_verb {
	const char *name;
	unsigned flags; /* enum spoolctl_flags */
	int (*run)(
		const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);
	const char *usage;
	const char *help;
};

extern const struct spoolctl_verb spoolctl_verbs[]; /* ends with a row without name */

int spoolctl_list(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);
int spoolctl_show(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);
int spoolctl_stat(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);
int spoolctl_uidl(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);
int spoolctl_check(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);
int spoolctl_convert(
	const struct spoolctl *ctl, const struct spoolctl_mailbox *mailbox, size_t number);

/* Tell what is to be done next, for all of these mailboxes. */
void spoolctl_convert_next(const struct spoolctl *ctl, char **names, int status);

/* spoolctl_mailbox.c: find the mailbox, a user's or a location, with root's rights if there are
 * some, and become its owner. An exit status; what is wrong is told. */
int spoolctl_mailbox_find(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl,
	const struct spoolctl_verb *verb, const char *name);
int spoolctl_mailbox_enter(struct spoolctl_mailbox *mailbox, const struct spoolctl *ctl,
	const struct spoolctl_verb *verb);

/* The absolute path in a location; NULL: there is none. */
const char *spoolctl_path_in(const char *location);

/* spoolctl_open.c: spool_open(), but a mailbox that is not there is told, not made. An exit status;
 * *spool is NULL unless it is EX_OK. */
int spoolctl_open(struct spool **spool, const struct spool_place *place);

/* spoolctl_helper.c: start a child that takes the dotlock of this account's mailbox with root's
 * rights, if there are some. 0 or -errno; mailbox->helper has no functions where nobody helps. */
int spoolctl_helper_start(struct spoolctl_mailbox *mailbox, const struct account *account);

/* spoolctl_apart.c: let a child do it and wait for it. Its exit status; EX_SOFTWARE if it was
 * killed, which is told. */
int spoolctl_apart(int (*work)(void *context, const char *name), void *context, const char *name);

/* spoolctl_tell.c: say it on stderr, and return the exit status for it. */
int spoolctl_fail(int err, const struct why *why);
int spoolctl_refuse(int status, const char *subject, const char *text);

/* The name of enum spool_uidl, as in the configuration; those of all, up to NULL. */
extern const char *const spoolctl_uidls[];

#endif

/*
 * account - who exists, and who may log in. Used by the agent alone; never sees a socket.
 *
 * A name is what a session sent and so is hostile: account_name_ok() first, always. Answers are 0
 * or -errno with *why: WHY_PERM 5.1.1 (-ENOENT) for one who does not exist, WHY_TEMP where that
 * can't be known now (a directory service that does not answer is never "no such user").
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "base/why.h"
#include "conf/conf.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ACCOUNT_NAME_MAX 128

/* A mailbox's owner, resolved: all that a child needs to become that user and find the mailbox. */
struct account {
	char name[ACCOUNT_NAME_MAX]; /* %u: canonical, as the account database spells it */
	char domain[CONF_NAME_MAX];  /* %d */
	char home[PATH_MAX];         /* %h; "" where there is none */
	char location[PATH_MAX]; /* "mbox:/var/mail/alice": [store] mailbox with %u %d %h replaced
				  */
	char key[ACCOUNT_NAME_MAX]; /* names the owner's folder under [store] state: the uid, in
				       digits */
	uid_t uid;
	gid_t gid;
};

/*
 * May this stand for a user? 1 to 127 octets of letters, digits, "._-+=@" and 8-bit-free; no
 * leading "." or "-", no "..", no "/", no ".lock" at the end or in front of an "@" (others'
 * dotlocks are called so). Nothing else ever reaches a path, PAM or a log line.
 */
bool account_name_ok(const char *name);

/* Find a user by name (case-insensitive where only lower case exists) or name@domain, tag removed.
 */
int account_find(const struct conf *conf, const char *name, const char *domain, struct account *out,
	struct why *why);

#define ACCOUNT_MAX_TARGETS 1024

struct account_targets {
	struct account *list;
	size_t count;
};

/*
 * Where mail for local-part@domain goes: aliases(5) expanded, duplicates removed, loops ended, tags
 * taken off, postmaster always somewhere. Release with account_targets_done().
 * notes: each thing the administrator should see in the log (a refused command, a file, a loop, a
 * bad line) is told to note(context, text), so that this library needs no log. note may be NULL.
 */
int account_resolve(const struct conf *conf, const char *address, struct account_targets *out,
	void (*note)(void *context, const char *text), void *context, struct why *why);
void account_targets_done(struct account_targets *targets);

struct account_credentials {
	const char *user;
	const char *password;
	const char *remote;  /* for PAM_RHOST */
	const char *service; /* "pop3", "smtp": for PAM_TTY */
	bool from_pipe;      /* the peer holds a pipe of the user who runs this process */
};

#define ACCOUNT_LOGIN_NAME_SIZE ACCOUNT_NAME_MAX

/*
 * Who it is that tries to log in as `user`: the same text however an account's name is spelled, in
 * lower case and without the domain, of which a line in the account file may have any. Users of two
 * domains with one local part are the same here, so as to be guessed at once only. "" for what
 * can't be a user here. It does not matter, and does not show, whether there is such an account.
 */
void account_login_name(
	const struct conf *conf, const char *user, char out[static ACCOUNT_LOGIN_NAME_SIZE]);

/*
 * Check a log-in and find the account. Runs PAM or crypt(3) in this process, so call it in a
 * throw-away child. Takes as long for a user who does not exist as the method allows; the caller
 * adds the delay. WHY_AUTH 5.7.8 for anything that is about the credentials (all with the same
 * text); WHY_TEMP for ours. Never lets in uid 0 or, under `system`, uids below 1000.
 */
int account_login(const struct conf *conf, const struct account_credentials *credentials,
	struct account *out, void (*note)(void *context, const char *text), void *context,
	struct why *why);

#endif

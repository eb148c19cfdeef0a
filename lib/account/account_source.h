/*
 * account_source - what account.c needs of each place that accounts come from, and tells them.
 *
 * A source finds one exact name; case, tags and the mailbox's place are account.c's. It fills name,
 * domain, home, uid and gid. Names have passed account_name_ok(); domain is "" or one of [server]
 * domains.
 */
#ifndef ACCOUNT_ACCOUNT_SOURCE_H
#define ACCOUNT_ACCOUNT_SOURCE_H

#include "account/account.h"

#define ACCOUNT_FIRST_UID 1000 /* below are the system's own users, who never log in */

struct account_notes {
	void (*note)(void *context, const char *text); /* may be NULL */
	void *context;
};

__attribute__((format(printf, 2, 3))) void account_note(
	const struct account_notes *notes, const char *fmt, ...);

/* A log-in on its way: name and domain are taken from given->user; name "" if it can't be a name at
 * all. */
struct account_attempt {
	const struct account_credentials *given;
	char name[ACCOUNT_NAME_MAX];
	char domain[CONF_NAME_MAX];
	const struct account_notes *notes;
};

/* "No such user" and "not these credentials", in the same words wherever they are said. */
int account_unknown(struct why *why);
int account_refuse(struct why *why);

/* Find as spelled, then in lower case; no tag is taken off. */
int account_exact(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why);

/* The name in lower case. false if it was so already. */
bool account_lower(const char *name, char out[static ACCOUNT_NAME_MAX]);

/* The name without its tag. false if there is none. */
bool account_strip_tag(
	const struct conf *conf, const char *name, char out[static ACCOUNT_NAME_MAX]);

/* Fill location and key from the rest. WHY_TEMP 4.3.5 where [store] mailbox can't be filled in. */
int account_locate(const struct conf *conf, struct account *account, struct why *why);

/* %d of an account that is the same in all domains. */
const char *account_main_domain(const struct conf *conf);

int account_system_find(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why);
int account_system_login(const struct conf *conf, const struct account_attempt *attempt,
	struct account *out, struct why *why);

int account_self_find(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why);
int account_self_login(const struct conf *conf, const struct account_attempt *attempt,
	struct account *out, struct why *why);
/* The one account that `self` has. */
int account_self(const struct conf *conf, struct account *out, struct why *why);

int account_file_find(const struct conf *conf, const char *name, const char *domain,
	struct account *out, struct why *why);
int account_file_login(const struct conf *conf, const struct account_attempt *attempt,
	struct account *out, struct why *why);
/* Somebody of this name, whether the file has a line for it or not. */
int account_file_any(
	const struct conf *conf, const char *name, struct account *out, struct why *why);

/*
 * Ask PAM whether the password is name's. 0: it is, and user becomes PAM's idea of the name.
 * WHY_AUTH or WHY_TEMP else; the reason goes to the notes alone.
 */
int account_pam_check(const struct conf *conf, const char *name, const char *password,
	const struct account_attempt *attempt, char user[static ACCOUNT_NAME_MAX], struct why *why);

/* Ask with a password that nobody has, of the same length, so that a refusal takes as long as any
 * other. */
int account_pam_pretend(
	const struct conf *conf, const struct account_attempt *attempt, struct why *why);

#endif

/*
 * account_pam - one question to PAM: is this the password, and may the account be used?
 *
 * PAM modules are other people's code with our rights, and talkative: whatever they say stays here.
 * They get the password for their first question without echo; a second question (a one-time code,
 * a new password to choose) has no answer in a mail protocol, so the log-in fails. Their delay
 * after a failure is switched off: the agent has its own, which is the same for everybody.
 */
#include "account/account_source.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUNK   "\b\n\r\177INCORRECT" /* nobody can type this, in any client */
#define NOBODY "NOUSER"

struct answer {
	const char *password;
	int questions;
	bool refused; /* there was one that has no answer here */
};

static void wipe(struct pam_response *replies, int count)
{
	for (int i = 0; i < count; i++) {
		if (replies[i].resp) {
			explicit_bzero(replies[i].resp, strlen(replies[i].resp));
			free(replies[i].resp);
		}
	}
	free(replies);
}

/* false: there is no answer to that. */
static bool answer_one(struct answer *answer, int style, struct pam_response *reply)
{
	if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO)
		return true;
	if (style != PAM_PROMPT_ECHO_OFF || answer->questions++ > 0)
		return false;
	reply->resp = strdup(answer->password);
	return reply->resp != NULL;
}

static int converse(
	int count, const struct pam_message **questions, struct pam_response **out, void *context)
{
	struct answer *answer = context;
	struct pam_response *replies;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	replies = calloc((size_t)count, sizeof(*replies));
	if (!replies)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		if (!answer_one(answer, questions[i]->msg_style, &replies[i])) {
			answer->refused = true;
			wipe(replies, count);
			return PAM_CONV_ERR;
		}
	}
	*out = replies;
	return PAM_SUCCESS;
}

#ifdef PAM_FAIL_DELAY
static void no_delay(int result, unsigned microseconds, void *context)
{
	(void)result;
	(void)microseconds;
	(void)context;
}
#endif

/* RFC 3206: a client that is told [AUTH] asks its user for another password, so never for faults of
 * ours. */
static bool is_our_fault(int result)
{
	switch (result) {
	case PAM_AUTHINFO_UNAVAIL:
	case PAM_SYSTEM_ERR:
	case PAM_SERVICE_ERR:
	case PAM_OPEN_ERR:
	case PAM_SYMBOL_ERR:
	case PAM_BUF_ERR:
	case PAM_ABORT:
	case PAM_BAD_ITEM:
	case PAM_MODULE_UNKNOWN:
		return true;
	default:
		return false;
	}
}

static int set_items(pam_handle_t *pam, const struct account_credentials *given)
{
	int result = pam_set_item(pam, PAM_RHOST, given->remote);

	if (result == PAM_SUCCESS)
		result = pam_set_item(pam, PAM_TTY, given->service);
#ifdef PAM_FAIL_DELAY
	if (result == PAM_SUCCESS) {
		union {
			void (*function)(int, unsigned, void *);
			const void *item;
		} delay = {.function = no_delay};

		result = pam_set_item(pam, PAM_FAIL_DELAY, delay.item);
	}
#endif
	return result;
}

static int take_user(pam_handle_t *pam, char user[static ACCOUNT_NAME_MAX])
{
	const void *item = NULL;
	int result = pam_get_item(pam, PAM_USER, &item);

	if (result != PAM_SUCCESS)
		return result;
	if (!item || !account_name_ok(item))
		return PAM_USER_UNKNOWN;
	snprintf(user, ACCOUNT_NAME_MAX, "%s", (const char *)item);
	return PAM_SUCCESS;
}

static int ask(pam_handle_t *pam, const struct account_credentials *given,
	char user[static ACCOUNT_NAME_MAX])
{
	const int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	int result = set_items(pam, given);

	if (result == PAM_SUCCESS)
		result = pam_authenticate(pam, flags);
	if (result == PAM_SUCCESS)
		result = pam_acct_mgmt(pam, flags);
	if (result == PAM_SUCCESS)
		result = take_user(pam, user);
	return result;
}

int account_pam_check(const struct conf *conf, const char *name, const char *password,
	const struct account_attempt *attempt, char user[static ACCOUNT_NAME_MAX], struct why *why)
{
	struct answer answer = {.password = password};
	struct pam_conv conversation = {converse, &answer};
	pam_handle_t *pam = NULL;
	int result = pam_start(conf->pam_service, name, &conversation, &pam);

	if (result == PAM_SUCCESS)
		result = ask(pam, attempt->given, user);
	if (result != PAM_SUCCESS)
		account_note(attempt->notes, "pam %s: %s: %s", conf->pam_service, name,
			pam_strerror(pam, result));
	if (pam)
		pam_end(pam, result);
	if (result == PAM_SUCCESS)
		return 0;
	/* Modules make different things of a question without an answer; it is not the service that
	 * fails. */
	if (!answer.refused && is_our_fault(result))
		return why_set(why, EAGAIN, WHY_TEMP, "4.7.0", "passwords can't be checked now");
	return account_refuse(why);
}

int account_pam_pretend(
	const struct conf *conf, const struct account_attempt *attempt, struct why *why)
{
	static const char junk[] = JUNK;
	const char *name = *attempt->name ? attempt->name : NOBODY;
	size_t len = strlen(attempt->given->password);
	char *password = malloc(len + 1);
	char user[ACCOUNT_NAME_MAX];
	int err;

	if (!password)
		return why_errno(why, ENOMEM, "log-in", "malloc");
	for (size_t i = 0; i < len; i++)
		password[i] = junk[i % (sizeof(junk) - 1)];
	password[len] = '\0';
	err = account_pam_check(conf, name, password, attempt, user, why);
	free(password);
	return err == 0 ? account_refuse(why) : err;
}

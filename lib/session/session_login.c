/*
 * session_login - see session_login.h. Decides nothing about names and passwords: what does not fit
 * a request, or was refused before, is asked as nobody's, so that the agent takes its usual time to
 * say no, and counts it.
 */
#include "session/session_login.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

/* Ours or the host's, rather than what this log-in deserved (RFC 3463 section 3.8: X.7.X is
 * policy). */
static bool is_fault(const struct why *why)
{
	return why->class != WHY_AUTH && strncmp(why->status, "4.7.", 4) != 0;
}

static void log_failure(struct session_link *link, const char *user, const struct why *why)
{
	log_event(is_fault(why) ? LOG_ERR : LOG_NOTICE, "login-failed", LOG_USER, user, LOG_STATUS,
		why->status, LOG_REASON, why->text, LOG_END);
	link->failed_logins++;
	if (session_login_is_over(link))
		log_event(LOG_NOTICE, "limit", LOG_REASON, "failed log-ins", LOG_END);
}

static int ask(struct session_link *link, const char *user, const char *password, struct why *why)
{
	struct agent_login login = {
		.service = link->start->program->protocol, .user = user, .password = password};

	return agent_login(&link->agent, &login, why);
}

int session_login(
	struct session_link *link, const char *user, const char *password, struct why *why)
{
	size_t len = strlen(user);
	int err = ask(link, user, password, why);

	if (err == 0 && (len == 0 || len >= sizeof(link->user)))
		err = why_set(
			why, EPROTO, WHY_TEMP, "4.3.0", "the agent knows a user without a name");
	if (err < 0) {
		log_failure(link, user, why);
		return err;
	}
	err = session_link_seal(link, why); /* whoever is logged in can't begin TLS any more */
	if (err < 0)
		return err;
	memcpy(link->user, user, len + 1);
	log_context(LOG_USER, link->user);
	return 0;
}

static int refuse(struct session_link *link, const char *user, struct why *why)
{
	int err = ask(link, "", "", why);

	if (err == 0)
		err = why_set(
			why, EPROTO, WHY_TEMP, "4.3.0", "the agent knows a user without a name");
	log_failure(link, user, why);
	return err;
}

int session_login_sasl(
	struct session_link *link, struct sasl *sasl, enum sasl_step step, struct why *why)
{
	int err = step == SASL_DONE ? session_login(link, sasl->user, sasl->password, why)
				    : refuse(link, sasl->user, why);

	sasl_done(sasl);
	return err;
}

bool session_login_is_over(const struct session_link *link)
{
	return link->failed_logins >= link->conf->limits.logins;
}

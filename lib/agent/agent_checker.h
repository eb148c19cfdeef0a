/*
 * agent_checker - a throw-away process that finds out whether a log-in is right, with PAM and its
 * modules in it.
 */
#ifndef AGENT_AGENT_CHECKER_H
#define AGENT_AGENT_CHECKER_H

#include "account/account.h"

/*
 * As account_login(), in a child that is gone when this returns. Gives up (WHY_TEMP) after a
 * minute, and at once when the other end of `connection` is closed.
 */
int agent_checker_run(const struct conf *conf, const struct account_credentials *credentials,
	int connection, struct account *out, void (*note)(void *context, const char *text),
	void *context, struct why *why);

#endif

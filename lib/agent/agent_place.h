/*
 * agent_place - from a configuration and an account to the place that libspool works at.
 */
#ifndef AGENT_AGENT_PLACE_H
#define AGENT_AGENT_PLACE_H

#include "account/account.h"
#include "spool/spool.h"

/* What the configuration and the account say; the rest is the caller's to add. All three outlive
 * the place. */
void agent_place_init(struct spool_place *place, const struct conf *conf,
	const struct account *account, const char *state);

#endif

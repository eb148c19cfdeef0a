/* agent_place - see agent_place.h. */
#include "agent/agent_place.h"

void agent_place_init(struct spool_place *place, const struct conf *conf,
	const struct account *account, const char *state)
{
	static const enum spool_uidl uidls[] = {
		[CONF_UIDL_HASH] = SPOOL_UIDL_HASH,
		[CONF_UIDL_POPA3D] = SPOOL_UIDL_POPA3D,
		[CONF_UIDL_DOVECOT] = SPOOL_UIDL_DOVECOT,
		[CONF_UIDL_X_UIDL] = SPOOL_UIDL_X_UIDL,
	};

	*place = (struct spool_place){
		.location = account->location,
		.state = state,
		.uidl = uidls[conf->uidl],
		.owner = account->uid,
		.lock_seconds = (unsigned)conf->limits.lock_seconds,
	};
}

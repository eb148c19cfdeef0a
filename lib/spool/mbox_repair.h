/* mbox_repair - mend what mbox_inspect() finds. */
#ifndef SPOOL_MBOX_REPAIR_H
#define SPOOL_MBOX_REPAIR_H

#include "mbox.h"

/* As spool_repair() in spool.h. Needs the session lock. */
int mbox_repair(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why);

#endif

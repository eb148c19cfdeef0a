/* mbox_inspect - an mbox, read strictly and changed by nothing. */
#ifndef SPOOL_MBOX_INSPECT_H
#define SPOOL_MBOX_INSPECT_H

#include "spool.h"

/* As spool_inspect() in spool.h. */
int mbox_inspect(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why);

#endif

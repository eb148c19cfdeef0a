/* maildir_inspect - a Maildir's files, looked at strictly; and what can be mended of them. */
#ifndef SPOOL_MAILDIR_INSPECT_H
#define SPOOL_MAILDIR_INSPECT_H

#include "base/why.h"
#include "spool.h"

/* As spool_inspect() in spool.h. */
int maildir_inspect(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why);

/* As spool_repair() in spool.h. Needs the session lock. */
int maildir_repair(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why);

#endif

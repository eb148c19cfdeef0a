/* mbox_inspect - an mbox, read strictly and changed by nothing. */
#ifndef SPOOL_MBOX_INSPECT_H
#define SPOOL_MBOX_INSPECT_H

#include "mbox.h"
#include "mend_plan.h"

/* As spool_inspect() in spool.h. */
int mbox_inspect(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why);

/* For that and for mbox_repair.c: read all of the mailbox, as mbox->st knows it, and plan how to
 * mend it. 0, -ESTALE: it has become shorter; or another -errno. mend_plan_done() in any case. */
int mbox_inspect_read(
	const struct mbox *mbox, const struct spool_inspector *inspector, struct mend_plan *plan);

/* Findings about no line: of the mailbox's journals, notes and dotlock. 0 or -ENOMEM. */
int mbox_inspect_surroundings(struct mbox *mbox, struct mend_plan *plan, bool *is_dotlocked);

/* What the report says of lines. */
void mbox_inspect_count(const struct mend_plan *plan, struct spool_report *report);

/* Tell all findings, and count them. */
void mbox_inspect_tell(const struct mend_plan *plan, const struct spool_inspector *inspector,
	struct spool_report *report);

#endif

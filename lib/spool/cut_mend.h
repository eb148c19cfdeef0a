/*
 * cut_mend - finish a cut that the power interrupted.
 *
 * To take blocks out of a file is no single step for its file system either, where the file has
 * many extents: ext4 and XFS first give the blocks back, which leaves a hole, then move what lies
 * behind down, extent by extent and transaction by transaction, and shorten the file in the end. A
 * power cut on the way leaves a file as long as it was, whose hole has got somewhere behind the
 * place of the cut: nothing is lost, but what lies in front of the hole has moved and the rest has
 * not.
 *
 * A mailbox has no holes before (cut_plan_make() sees to that). So where one of the cut's very
 * length is found behind the cut's place, that is how far the cut has got; to take the hole out of
 * the file finishes it. A hole at the cut's place means that nothing was moved, and the cut can be
 * made again.
 */
#ifndef SPOOL_CUT_MEND_H
#define SPOOL_CUT_MEND_H

#include "cut_file.h"

/* Look for such a hole, and finish that cut. 0, also if there is nothing to mend or it can't be
 * told what; or -errno. */
int cut_mend(const struct cut_file *file);

#endif

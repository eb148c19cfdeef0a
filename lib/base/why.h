/*
 * why - a failure with its mail meaning.
 *
 * A function that a person's mail depends on returns 0 or -errno for the program and fills a
 * struct why (why_plain.h) for the human: the class tells a session which reply to give, the status
 * is the enhanced status code of RFC 3463, the text goes into the log and, where harmless, to the
 * peer.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include "base/why_plain.h"

/*
 * Fill *why (which may be NULL) and return -err, so that a caller can write
 * `return why_set(why, EIO, WHY_TEMP, "4.3.0", "%s: ...", path);`. err is a positive errno value.
 */
__attribute__((format(printf, 5, 6))) int why_set(
	struct why *why, int err, enum why_class class, const char *status, const char *fmt, ...);

/* As why_set(), with what the system says of err appended: "PATH: what: No space left on device".
 * Class and status are chosen from err: ENOSPC and EDQUOT are 4.3.1 and 4.2.2, the rest 4.3.0. */
int why_errno(struct why *why, int err, const char *subject, const char *what);

#endif

/*
 * why - a failure with its mail meaning.
 *
 * A function that a person's mail depends on returns 0 or -errno for the program and fills a
 * struct why for the human: the class tells a session which reply to give, the status is the
 * enhanced status code of RFC 3463, the text goes into the log and, where harmless, to the peer.
 * It is plain data of a fixed size, so it travels over the agent's socket as it is.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include <stdint.h>

enum why_class {
	WHY_NONE = 0, /* no failure */
	WHY_TEMP,     /* ours, and may pass: 4yz, [SYS/TEMP] */
	WHY_PERM,     /* will not pass by itself: 5yz, [SYS/PERM] */
	WHY_INUSE,    /* another session has the maildrop: [IN-USE] */
	WHY_AUTH,     /* the credentials, whatever is wrong with them: [AUTH] (RFC 3206) */
};

struct why {
	uint32_t class;  /* enum why_class */
	char status[12]; /* RFC 3463, "4.2.2"; empty where none fits */
	char text[176];  /* one line, no control characters, NUL-terminated */
};

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

/*
 * why_plain - struct why by itself, as public headers show it; base/why.h says how it is filled.
 *
 * It is plain data of a fixed size, so it travels over the agent's socket as it is.
 */
#ifndef BASE_WHY_PLAIN_H
#define BASE_WHY_PLAIN_H

#include <stdint.h>

enum why_class {
	WHY_NONE = 0, /* no failure */
	WHY_TEMP,     /* ours, and may pass: 4yz, [SYS/TEMP] */
	WHY_PERM,     /* will not pass by itself: 5yz, [SYS/PERM] */
	WHY_INUSE,    /* another session has the maildrop: [IN-USE] */
	WHY_AUTH,     /* the credentials, whatever is wrong with them: [AUTH] (RFC 3206) */
};

struct why {
#ifdef __cplusplus
	uint32_t class_; /* enum why_class; in C its name is "class", a word that C++ has taken */
#else
	uint32_t class; /* enum why_class */
#endif
	char status[12]; /* RFC 3463, "4.2.2"; empty where none fits */
	char text[176];  /* one line, no control characters, NUL-terminated */
};

#endif

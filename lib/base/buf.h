/*
 * buf - a byte buffer with a maximum from birth.
 *
 * It owns its storage, grows by doubling up to the maximum, and refuses (-ENOBUFS) what would not
 * fit, leaving what it holds as it was. Content is octets; nothing is NUL-terminated.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

struct buf {
	char *at;   /* len octets; NULL while nothing was ever added */
	size_t len; /* octets held */
	size_t cap; /* octets allocated */
	size_t max; /* octets it may ever hold */
};

void buf_init(struct buf *buf, size_t max);
void buf_done(
	struct buf *buf); /* releases the storage; the buf may be used again after buf_init() */

/* Add octets, or formatted text. 0, -ENOBUFS (over max) or -ENOMEM. */
int buf_add(struct buf *buf, const void *data, size_t len);
__attribute__((format(printf, 2, 3))) int buf_addf(struct buf *buf, const char *fmt, ...);

/* Make room for at least len more octets behind the content (at + len). 0, -ENOBUFS or -ENOMEM. */
int buf_reserve(struct buf *buf, size_t len);

/* Forget the first len octets (at most all). */
void buf_drop(struct buf *buf, size_t len);

#endif

/* buf - see buf.h. */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
	free(buf->at);
	*buf = (struct buf){.max = buf->max};
}

int buf_reserve(struct buf *buf, size_t len)
{
	size_t cap = buf->cap ? buf->cap : 512;
	char *at;

	if (len > buf->max - buf->len)
		return -ENOBUFS;
	while (cap < buf->len + len)
		cap *= 2;
	if (cap > buf->max)
		cap = buf->max;
	if (cap <= buf->cap)
		return 0;
	at = realloc(buf->at, cap);
	if (!at)
		return -ENOMEM;
	buf->at = at;
	buf->cap = cap;
	return 0;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
	int err = buf_reserve(buf, len);

	if (err < 0)
		return err;
	if (len > 0)
		memcpy(buf->at + buf->len, data, len);
	buf->len += len;
	return 0;
}

int buf_addf(struct buf *buf, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		return -ENOBUFS;
	return buf_add(buf, text, (size_t)len);
}

void buf_drop(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	buf->len -= len;
	if (buf->len > 0)
		memmove(buf->at, buf->at + len, buf->len);
}

/* wire - see wire.h. */
#include "wire.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>

#define PIECE (64UL * 1024)

void wire_text(struct wire *wire, const char *text, size_t len)
{
	const char *end = text + len;
	const char *at = text;

	if (len == 0)
		return;
	wire->octets += len;
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		wire->octets += (at > text ? at[-1] : wire->last) != '\r';
		at++;
	}
	wire->last = end[-1];
}

uint64_t wire_end(const struct wire *wire)
{
	return wire->octets == 0 || wire->last == '\n' ? wire->octets : wire->octets + 2;
}

int wire_count(int fd, uint64_t size, uint64_t *octets)
{
	struct wire wire = {0};
	char text[PIECE];

	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < sizeof(text) ? (size_t)(size - at) : sizeof(text);
		ssize_t got = fd_pread(fd, text, want, at);

		if (got < 0)
			return (int)got;
		if ((size_t)got < want)
			return -ESTALE;
		wire_text(&wire, text, want);
		at += want;
	}
	*octets = wire_end(&wire);
	return 0;
}

/* mbox_seam - see mbox_seam.h. Only reads. */
#include "mbox_seam.h"

#include "base/fd.h"
#include "mbox_from.h"

#include <string.h>

#define BLANK_MAX 64 /* octets of empty lines in front of what was appended */

int mbox_seam_is(int fd, uint64_t offset)
{
	char text[1 + BLANK_MAX + MBOX_FROM_MAX + 1]; /* from the octet before on */
	ssize_t len = fd_pread(fd, text, sizeof(text), offset - 1);
	size_t at = 1;
	const char *lf;

	if (len < 1)
		return (int)len;
	while (at < (size_t)len && (text[at] == '\n' || text[at] == '\r'))
		at++;
	lf = memchr(text + at, '\n', (size_t)len - at);
	return lf && text[at - 1] == '\n' && mbox_from_is_line(text + at, (size_t)(lf - text) - at);
}

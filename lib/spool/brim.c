/* brim - see brim.h. Only reads. */
#include "brim.h"

#include "base/fd.h"
#include "checksum.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

uint64_t brim_end(uint64_t size, uint64_t end, uint64_t block, unsigned sectors)
{
	uint64_t most = (uint64_t)sectors * BRIM_SECTOR;
	uint64_t border;

	if (block == 0 || block > most)
		block = most;
	border = (size + block - 1) / block * block;
	return border < end ? border : end;
}

/* The part of [from, to) that is in from's sector. */
static size_t part_len(uint64_t from, uint64_t to)
{
	uint64_t border = (from / BRIM_SECTOR + 1) * BRIM_SECTOR;

	return (size_t)((border < to ? border : to) - from);
}

static int read_part(int fd, uint64_t from, size_t len, char text[static BRIM_SECTOR])
{
	ssize_t got = fd_pread(fd, text, len, from);

	if (got < 0)
		return (int)got;
	return (size_t)got < len ? -EIO : 0;
}

int brim_make(int fd, uint64_t from, uint64_t to, unsigned sectors, uint64_t *sums)
{
	memset(sums, 0, sectors * sizeof(*sums));
	while (from < to) {
		char text[BRIM_SECTOR];
		size_t len = part_len(from, to);
		int err = read_part(fd, from, len, text);

		if (err)
			return err;
		*sums++ = checksum(0, text, len);
		from += len;
	}
	return 0;
}

int brim_find(int fd, uint64_t from, uint64_t to, const uint64_t *sums)
{
	static const char none[BRIM_SECTOR];
	enum brim found = BRIM_WHOLE;

	while (from < to) {
		char text[BRIM_SECTOR];
		size_t len = part_len(from, to);
		int err = read_part(fd, from, len, text);

		if (err)
			return err;
		from += len;
		if (checksum(0, text, len) == *sums++)
			continue;
		if (memcmp(text, none, len) != 0)
			return BRIM_OTHER;
		found = BRIM_ZEROED;
	}
	return found;
}

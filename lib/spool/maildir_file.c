/* maildir_file - see maildir_file.h. The octets come from anybody, and so may the name. */
#include "maildir_file.h"

#include "base/fd.h"
#include "mail/header.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE    (64UL * 1024)
#define NULS_MIN 16 /* fewer are some mail's own */

/* NULs in a row, over the borders of pieces. */
struct nuls {
	uint64_t now;
	uint64_t most;
};

static void count_nuls(struct nuls *nuls, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *nul = *text ? memchr(text, '\0', (size_t)(end - text)) : text;

		if (nul != text)
			nuls->now = 0;
		for (text = nul ? nul : end; text < end && !*text; text++)
			nuls->now++;
		if (nuls->now > nuls->most)
			nuls->most = nuls->now;
	}
}

static int read_pieces(int fd, struct maildir_file *file, char *piece)
{
	struct wire wire = {0};
	struct nuls nuls = {0};

	for (uint64_t at = 0; at < file->size; at += PIECE) {
		uint64_t left = file->size - at;
		size_t want = left < PIECE ? (size_t)left : PIECE;
		ssize_t got = fd_pread(fd, piece, want, at);

		if (got < (ssize_t)want)
			return got < 0 ? (int)got : -ESTALE;
		if (at == 0)
			file->has_header = header_is_field(piece, want);
		wire_text(&wire, piece, want);
		count_nuls(&nuls, piece, want);
	}
	file->wire = wire_end(&wire);
	file->nuls = nuls.most >= NULS_MIN ? nuls.most : 0;
	return 0;
}

int maildir_file_read(int fd, const struct stat *st, struct maildir_file *file)
{
	char *piece = malloc(PIECE);
	int err;

	*file = (struct maildir_file){.size = (uint64_t)st->st_size};
	err = piece ? read_pieces(fd, file, piece) : -ENOMEM;
	free(piece);
	return err;
}

bool maildir_file_is_misnamed(const struct maildir_file *file, const struct maildir_name *name)
{
	return (name->has_size && name->size != file->size) ||
	       (name->has_wire && name->wire != file->wire);
}

/* One field, with the comma in front of it. */
static int put_field(
	const struct maildir_file *file, const char *field, size_t len, char *out, size_t room)
{
	bool is_size = len > 3 && memcmp(field, ",S=", 3) == 0;
	bool is_wire = len > 3 && memcmp(field, ",W=", 3) == 0;

	if (is_size || is_wire)
		return snprintf(out, room, "%.3s%llu", field,
			(unsigned long long)(is_size ? file->size : file->wire));
	return snprintf(out, room, "%.*s", (int)len, field);
}

bool maildir_file_name(
	const struct maildir_file *file, const char *name, char out[static NAME_MAX + 1])
{
	size_t base_len = strcspn(name, ":");
	size_t at = 0;
	size_t len = 0;

	while (at < base_len) {
		size_t field_len = 1 + strcspn(name + at + 1, ",:");

		len += (size_t)put_field(file, name + at, field_len, out + len, NAME_MAX + 1 - len);
		at += field_len;
		if (len > NAME_MAX)
			return false;
	}
	len += (size_t)snprintf(out + len, NAME_MAX + 1 - len, "%s", name + base_len);
	return len <= NAME_MAX;
}

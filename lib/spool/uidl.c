/* uidl - see uidl.h. Takes bytes from anybody; holds no more than a short field name; cannot fail.
 */
#include "uidl.h"

#include <string.h>
#include <strings.h>

#define FIELD(name, identifies)                                                                    \
	{                                                                                          \
		name, sizeof(name) - 1, identifies                                                 \
	}

static const struct {
	const char *name;
	size_t len;
	bool identifies;
} fields[] = {
	FIELD("received", true),
	FIELD("message-id", false), /* drafts and copies have the same one, whatever is in them */
	FIELD("delivered-to", false),
	FIELD("x-delivery-id", false),
	FIELD("date", false),
	FIELD("from", false),
	FIELD("to", false),
	FIELD("cc", false),
	FIELD("subject", false),
};

static void line_begin(struct uidl *uidl)
{
	uidl->blank = true;
	uidl->cr = false;
	uidl->in_name = uidl->in_header;
	uidl->name_len = 0;
}

void uidl_init(struct uidl *uidl, struct uidl_file *file, bool is_first)
{
	uidl->file = file;
	if (file->format == SPOOL_UIDL_POPA3D) {
		uidl_popa3d_init(&uidl->popa3d);
		return;
	}
	uidl_kept_init(&uidl->kept, file, is_first);
	SHA256_Init(&uidl->sha);
	uidl->in_header = true;
	uidl->identified = false;
	uidl->hashed = false;
	line_begin(uidl);
}

bool uidl_wants_more(const struct uidl *uidl)
{
	if (uidl->file->format == SPOOL_UIDL_POPA3D)
		return uidl->popa3d.in_header;
	return uidl->in_header || !uidl->identified;
}

bool uidl_is_in_body(const struct uidl *uidl)
{
	if (uidl->file->format == SPOOL_UIDL_POPA3D)
		return !uidl->popa3d.in_header;
	return !uidl->in_header;
}

/* What does not count: white space in a header, which may be folded; in a body only what may be
 * part of a line end. */
static bool is_skipped(bool in_header, char c)
{
	return c == '\r' || c == '\n' || (in_header && (c == ' ' || c == '\t'));
}

static void hash(struct uidl *uidl, const char *text, size_t len)
{
	unsigned char packed[256];
	bool in_header = uidl->in_header;

	while (len > 0) {
		size_t part = len < sizeof(packed) ? len : sizeof(packed);
		size_t n = 0;

		for (size_t i = 0; i < part; i++) { /* without a branch: nobody can predict it */
			packed[n] = (unsigned char)text[i];
			n += !is_skipped(in_header, text[i]);
		}
		SHA256_Update(&uidl->sha, packed, n);
		text += part;
		len -= part;
	}
}

/* The name is complete: does its field count? A separator keeps two fields from reading as one. */
static void name_end(struct uidl *uidl)
{
	uidl->in_name = false;
	uidl->hashed = false;
	uidl_kept_begin(&uidl->kept, uidl->name, uidl->name_len);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].len != uidl->name_len ||
			strncasecmp(fields[i].name, uidl->name, uidl->name_len) != 0)
			continue;
		uidl->hashed = true;
		uidl->identified |= fields[i].identifies;
		SHA256_Update(&uidl->sha, (const uint8_t *)"\n", 1);
		SHA256_Update(&uidl->sha, (const uint8_t *)fields[i].name, uidl->name_len);
		return;
	}
}

/* Take octets of a field's name; returns how many of text they were. */
static size_t take_name(struct uidl *uidl, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (uidl->name_len == 0 && (text[i] == ' ' || text[i] == '\t')) {
			uidl->in_name = false; /* a continuation: counts if its field does */
			return i;
		}
		if (text[i] == ':' || uidl->name_len == sizeof(uidl->name)) {
			if (text[i] != ':')
				uidl->name_len = 0; /* longer than any that counts */
			name_end(uidl);
			return i;
		}
		uidl->name[uidl->name_len++] = text[i];
	}
	return len;
}

void uidl_text(struct uidl *uidl, const char *text, size_t len)
{
	size_t used = 0;

	if (uidl->file->format == SPOOL_UIDL_POPA3D) {
		uidl_popa3d_text(&uidl->popa3d, text, len);
		return;
	}
	if (len == 0)
		return;
	uidl->blank = uidl->blank && !uidl->cr && len == 1 && text[0] == '\r';
	uidl->cr = true;
	if (uidl->in_name)
		used = take_name(uidl, text, len);
	if (!uidl->in_name && uidl->hashed)
		hash(uidl, text + used, len - used);
	if (!uidl->in_name && uidl->in_header)
		uidl_kept_text(&uidl->kept, text + used, len - used);
}

void uidl_line_end(struct uidl *uidl)
{
	if (uidl->file->format == SPOOL_UIDL_POPA3D) {
		uidl_popa3d_line_end(&uidl->popa3d);
		return;
	}
	if (uidl->in_header && uidl->in_name) {
		uidl->hashed = uidl->hashed && uidl->blank; /* a line without a colon */
		uidl_kept_begin(&uidl->kept, "", 0);
	} else if (uidl->in_header) {
		uidl_kept_line_end(&uidl->kept);
	}
	if (uidl->in_header && uidl->blank) {
		uidl->in_header = false;
		uidl->hashed = !uidl->identified;
	}
	line_begin(uidl);
}

static void hash_finish(struct uidl *uidl, char out[static UIDL_HASH_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256_Final(digest, &uidl->sha);
	for (size_t i = 0; i < UIDL_HASH_LEN / 2; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[UIDL_HASH_LEN] = '\0';
}

void uidl_finish(struct uidl *uidl, char out[static SPOOL_UIDL_SIZE])
{
	if (uidl->file->format == SPOOL_UIDL_POPA3D)
		uidl_popa3d_finish(&uidl->popa3d, out);
	else if (!uidl_kept_finish(&uidl->kept, out))
		hash_finish(uidl, out);
}

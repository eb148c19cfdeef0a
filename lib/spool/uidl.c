/* uidl - see uidl.h. Takes bytes from anybody; holds no more than a short field name; cannot fail.
 */
#include "uidl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	bool identifies;
} fields[] = {
	{"received", true},
	{"message-id", false}, /* drafts and copies have the same one, whatever is in them */
	{"delivered-to", false},
	{"x-delivery-id", false},
	{"date", false},
	{"from", false},
	{"to", false},
	{"cc", false},
	{"subject", false},
};

static void line_begin(struct uidl *uidl)
{
	uidl->blank = true;
	uidl->cr = false;
	uidl->in_name = uidl->in_header;
	uidl->name_len = 0;
}

void uidl_init(struct uidl *uidl)
{
	SHA256_Init(&uidl->sha);
	uidl->in_header = true;
	uidl->identified = false;
	uidl->hashed = false;
	line_begin(uidl);
}

bool uidl_wants_more(const struct uidl *uidl)
{
	return uidl->in_header || !uidl->identified;
}

/* What does not count: white space in a header, which may be folded; in a body only what may be
 * part of a line end. */
static bool is_skipped(const struct uidl *uidl, char c)
{
	return c == '\r' || c == '\n' || (uidl->in_header && (c == ' ' || c == '\t'));
}

static void hash(struct uidl *uidl, const char *text, size_t len)
{
	unsigned char packed[256];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_skipped(uidl, text[i]))
			continue;
		packed[n++] = (unsigned char)text[i];
		if (n == sizeof(packed)) {
			SHA256_Update(&uidl->sha, packed, n);
			n = 0;
		}
	}
	SHA256_Update(&uidl->sha, packed, n);
}

/* The name is complete: does its field count? A separator keeps two fields from reading as one. */
static void name_end(struct uidl *uidl)
{
	uidl->in_name = false;
	uidl->hashed = false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strlen(fields[i].name) != uidl->name_len ||
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

	if (len == 0)
		return;
	uidl->blank = uidl->blank && !uidl->cr && len == 1 && text[0] == '\r';
	uidl->cr = true;
	if (uidl->in_name)
		used = take_name(uidl, text, len);
	if (!uidl->in_name && uidl->hashed)
		hash(uidl, text + used, len - used);
}

void uidl_line_end(struct uidl *uidl)
{
	if (uidl->in_header && uidl->in_name && !uidl->blank)
		uidl->hashed = false; /* a line without a colon */
	if (uidl->in_header && uidl->blank) {
		uidl->in_header = false;
		uidl->hashed = !uidl->identified;
	}
	line_begin(uidl);
}

void uidl_finish(struct uidl *uidl, char out[static UIDL_HASH_LEN + 1])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256_Final(digest, &uidl->sha);
	for (size_t i = 0; i < UIDL_HASH_LEN / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* uidl_popa3d - see uidl_popa3d.h. Takes bytes from anybody; holds a line's first 14 octets; cannot
 * fail. */
#include "uidl_popa3d.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void line_begin(struct uidl_popa3d *uidl)
{
	uidl->is_judged = false;
	uidl->head_len = 0;
}

void uidl_popa3d_init(struct uidl_popa3d *uidl)
{
	MD5Init(&uidl->md5);
	uidl->in_header = true;
	uidl->has_received = false;
	uidl->counts = false;
	line_begin(uidl);
}

static bool begins(const struct uidl_popa3d *uidl, const char *name)
{
	size_t len = strlen(name);

	return uidl->head_len >= len && strncasecmp(uidl->head, name, len) == 0;
}

static bool judge_received(struct uidl_popa3d *uidl)
{
	if (uidl->has_received)
		return false;
	uidl->has_received = begins(uidl, "Received:");
	return uidl->has_received;
}

static bool judge(struct uidl_popa3d *uidl)
{
	switch (uidl->head[0]) {
	case ' ':
	case '\t':
		return uidl->counts; /* a continuation, of whatever */
	case 'R':
	case 'r':
		return judge_received(uidl);
	case 'D':
	case 'd':
		return begins(uidl, "Delivered-To:") ||
		       (!uidl->has_received && begins(uidl, "Date:"));
	case 'M':
	case 'm':
		return !uidl->has_received && begins(uidl, "Message-ID:");
	case 'X':
		return begins(uidl, "X-Delivery-ID:");
	default:
		return false;
	}
}

static void hash(struct uidl_popa3d *uidl, const char *text, size_t len)
{
	if (uidl->counts)
		MD5Update(&uidl->md5, (const uint8_t *)text, len);
}

static void head_end(struct uidl_popa3d *uidl)
{
	uidl->counts = judge(uidl);
	uidl->is_judged = true;
	hash(uidl, uidl->head, uidl->head_len);
}

void uidl_popa3d_text(struct uidl_popa3d *uidl, const char *text, size_t len)
{
	size_t room = sizeof(uidl->head) - uidl->head_len;
	size_t keep = len < room ? len : room;

	if (!uidl->in_header)
		return;
	if (!uidl->is_judged) {
		memcpy(uidl->head + uidl->head_len, text, keep);
		uidl->head_len += keep;
		if (uidl->head_len < sizeof(uidl->head))
			return;
		head_end(uidl);
		text += keep;
		len -= keep;
	}
	hash(uidl, text, len);
}

void uidl_popa3d_line_end(struct uidl_popa3d *uidl)
{
	if (uidl->head_len == 0)
		uidl->in_header = false;
	if (!uidl->in_header)
		return;
	if (!uidl->is_judged)
		head_end(uidl);
	hash(uidl, "\n", 1);
	line_begin(uidl);
}

/* It prints the digest's first two 32-bit words, least significant octet first. */
void uidl_popa3d_finish(struct uidl_popa3d *uidl, char out[static UIDL_POPA3D_LEN + 1])
{
	static const unsigned char order[UIDL_POPA3D_LEN / 2] = {3, 2, 1, 0, 7, 6, 5, 4};
	uint8_t digest[MD5_DIGEST_LENGTH];

	if (uidl->in_header && !uidl->is_judged && uidl->head_len > 0)
		head_end(uidl); /* the file ends within a line */
	MD5Final(digest, &uidl->md5);
	for (size_t i = 0; i < sizeof(order); i++)
		snprintf(out + 2 * i, 3, "%02x", digest[order[i]]);
}

/*
 * facts - see facts.h.
 *
 * The message goes through two encoders: one that keeps all and one that drops the metadata fields.
 * Both give the same body, so that is hashed once.
 */
#include "facts.h"

#include "encode.h"
#include "flags.h"
#include "mbox_from.h"
#include "mbox_pad.h"
#include "uidl.h"
#include "wire.h"

#include <string.h>
#include <strings.h>

struct reading {
	struct facts *facts;
	struct wire wire;
	struct encode all;
	struct encode rest;
	SHA256_CTX header; /* all of it */
	SHA256_CTX kept;   /* without the metadata */
	SHA256_CTX body;
	struct uidl_file uidls;
	struct uidl uidl;
	bool is_begun;
	bool is_front;   /* nothing has come yet that stays in any mailbox */
	size_t line_len; /* of a header's line; more than MBOX_FROM_MAX: of its begin */
	char line[MBOX_FROM_MAX];
};

static bool is_field(const struct reading *reading, const char *name, const char **value)
{
	size_t len = strlen(name);

	if (reading->line_len <= len || strncasecmp(reading->line, name, len) != 0)
		return false;
	while (len < reading->line_len && (reading->line[len] == ' ' || reading->line[len] == '\t'))
		len++;
	if (len == reading->line_len || reading->line[len] != ':')
		return false;
	for (len++; len < reading->line_len && reading->line[len] == ' '; len++)
		;
	*value = reading->line + len;
	return true;
}

/* The first line that says something counts. */
static void keep(char *out, size_t size, const char *value, size_t len)
{
	if (*out || len == 0 || len >= size || memchr(value, '\0', len))
		return;
	memcpy(out, value, len);
	out[len] = '\0';
}

static void keep_sender(struct facts *facts, const char *value, size_t len)
{
	const char *end = memchr(value, '>', len);

	if (len > 0 && *value == '<' && end)
		keep(facts->sender, sizeof(facts->sender), value + 1, (size_t)(end - value - 1));
}

/* Fields that an mbox may not take over, or what continues one of them. */
static bool may_be_dropped(const struct reading *reading)
{
	static const char *const names[] = {"Status", "X-Status", "X-UID", "X-UIDL", "X-Keywords"};
	const char *value;

	if (reading->line_len > 0 && (*reading->line == ' ' || *reading->line == '\t'))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_field(reading, names[i], &value))
			return true;
	}
	return reading->line_len > 6 && strncasecmp(reading->line, "X-IMAP", 6) == 0;
}

static void header_line(struct reading *reading)
{
	struct facts *facts = reading->facts;
	const char *end = reading->line + reading->line_len;
	const char *value;

	if (is_field(reading, "Status", &value))
		facts->flags |= flags_of_status(value, (size_t)(end - value));
	else if (is_field(reading, "X-Status", &value))
		facts->flags |= flags_of_x_status(value, (size_t)(end - value));
	else if (is_field(reading, "X-UIDL", &value))
		keep(facts->uidl, sizeof(facts->uidl), value, (size_t)(end - value));
	else if (is_field(reading, "Return-Path", &value))
		keep_sender(facts, value, (size_t)(end - value));
	if (reading->is_front && mbox_pad_is_begin(reading->line, reading->line_len))
		facts->has_padding = true;
	reading->is_front = reading->is_front && may_be_dropped(reading);
}

static void hash_text(struct reading *reading, const char *text, size_t len)
{
	if (uidl_wants_more(&reading->uidl))
		uidl_text(&reading->uidl, text, len);
}

/* Line by line: the header, and for the unique-id the body. */
static void take_lines(struct reading *reading, const char *text, size_t len, bool is_header)
{
	while (len > 0 && (is_header || uidl_wants_more(&reading->uidl))) {
		const char *lf = memchr(text, '\n', len);
		size_t part = lf ? (size_t)(lf - text) : len;
		size_t room = sizeof(reading->line) - reading->line_len;

		hash_text(reading, text, part);
		if (is_header) {
			memcpy(reading->line + reading->line_len, text, part < room ? part : room);
			reading->line_len += part < room ? part : room;
		}
		if (lf && is_header)
			header_line(reading);
		if (lf && uidl_wants_more(&reading->uidl))
			uidl_line_end(&reading->uidl);
		if (lf)
			reading->line_len = 0;
		part += lf != NULL;
		text += part;
		len -= part;
	}
}

static int put_all(void *context, const char *text, size_t len)
{
	struct reading *reading = context;
	bool is_header = reading->all.in_header;

	SHA256_Update(is_header ? &reading->header : &reading->body, (const uint8_t *)text, len);
	take_lines(reading, text, len, is_header);
	return 0;
}

static int put_rest(void *context, const char *text, size_t len)
{
	struct reading *reading = context;

	if (reading->rest.in_header)
		SHA256_Update(&reading->kept, (const uint8_t *)text, len);
	return 0;
}

static int take(void *context, const char *text, size_t len)
{
	struct reading *reading = context;

	if (!reading->is_begun && len > 0)
		reading->facts->begins_folded = *text == ' ' || *text == '\t';
	reading->is_begun = reading->is_begun || len > 0;
	wire_text(&reading->wire, text, len);
	if (reading->rest.in_header)
		(void)encode_text(&reading->rest, text, len);
	return encode_text(&reading->all, text, len);
}

static void begin(struct reading *reading, struct facts *facts)
{
	static const char *const none[] = {NULL};

	memset(facts, 0, sizeof(*facts));
	*reading = (struct reading){.facts = facts, .is_front = true};
	encode_init(&reading->all, SPOOL_FORM_PLAIN, put_all, reading);
	encode_init(&reading->rest, SPOOL_FORM_PLAIN, put_rest, reading);
	reading->all.dropped = none;
	reading->all.is_exact = true;
	reading->rest.is_exact = true;
	SHA256_Init(&reading->header);
	SHA256_Init(&reading->kept);
	SHA256_Init(&reading->body);
	uidl_init(&reading->uidl, &reading->uidls, true);
}

static void combine(SHA256_CTX *header, const uint8_t *body, uint8_t *out)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX both;

	SHA256_Final(digest, header);
	SHA256_Init(&both);
	SHA256_Update(&both, digest, sizeof(digest));
	SHA256_Update(&both, body, SHA256_DIGEST_LENGTH);
	SHA256_Final(out, &both);
}

static void finish(struct reading *reading)
{
	uint8_t body[SHA256_DIGEST_LENGTH];

	(void)encode_end(&reading->all);
	if (reading->rest.in_header)
		(void)encode_end(&reading->rest);
	SHA256_Final(body, &reading->body);
	combine(&reading->header, body, reading->facts->whole);
	combine(&reading->kept, body, reading->facts->same);
	reading->facts->octets = wire_end(&reading->wire);
	uidl_finish(&reading->uidl, reading->facts->hash);
}

int facts_read(const struct spool_extent *extent, struct facts *facts)
{
	struct reading reading;
	struct extent_taker taker = {.take = take, .context = &reading};
	int err;

	begin(&reading, facts);
	err = extent_read(extent, &taker);
	if (!err)
		finish(&reading);
	return err;
}

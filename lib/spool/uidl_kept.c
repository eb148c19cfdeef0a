/* uidl_kept - see uidl_kept.h. Takes bytes from anybody; holds the begin of one field; cannot fail.
 */
#include "uidl_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	enum spool_uidl format;
	enum uidl_kept_field field;
} fields[] = {
	{"x-uid", SPOOL_UIDL_DOVECOT, UIDL_KEPT_UID},
	{"x-imapbase", SPOOL_UIDL_DOVECOT, UIDL_KEPT_BASE},
	{"x-imap", SPOOL_UIDL_DOVECOT, UIDL_KEPT_INTERNAL},
	{"x-uidl", SPOOL_UIDL_X_UIDL, UIDL_KEPT_UIDL},
};

void uidl_kept_init(struct uidl_kept *kept, struct uidl_file *file, bool is_first)
{
	*kept = (struct uidl_kept){.file = file, .is_first = is_first};
}

/* Dovecot pads values in CRLF headers with spaces behind the CR. */
static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What is left of the value. */
struct rest {
	const char *at;
	const char *end;
};

/* Digits, if any: 0 then. False: no 32 bits hold that. */
static bool take_number(struct rest *rest, uint32_t *out)
{
	uint64_t value = 0;

	for (; rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9'; rest->at++) {
		value = value * 10 + (uint64_t)(*rest->at - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

static void skip_space(struct rest *rest)
{
	while (rest->at < rest->end && is_space(*rest->at))
		rest->at++;
}

/* "<validity> <last>", and keywords behind a space. */
static void take_base(struct uidl_kept *kept, struct rest rest)
{
	uint32_t validity, last;

	if (!kept->is_first || kept->has_base)
		return;
	if (!take_number(&rest, &validity) || validity == 0)
		return;
	if (rest.at < rest.end && *rest.at != ' ')
		return;
	skip_space(&rest);
	if (!take_number(&rest, &last))
		return;
	if (rest.at < rest.end ? !is_space(*rest.at) : kept->overflows)
		return;
	kept->has_base = true;
	kept->uid = 0; /* in front of a base no number means anything */
	kept->file->validity = validity;
	kept->file->last = last;
	kept->file->has_internal = kept->field == UIDL_KEPT_INTERNAL;
}

static void take_uid(struct uidl_kept *kept, struct rest rest)
{
	const struct uidl_file *file = kept->file;
	uint32_t uid;

	if (kept->uid != 0 || kept->overflows || !take_number(&rest, &uid))
		return;
	skip_space(&rest);
	if (rest.at == rest.end && file->validity != 0 && uid > file->highest && uid <= file->last)
		kept->uid = uid;
}

static void take_uidl(struct uidl_kept *kept, struct rest rest)
{
	size_t len;

	if (kept->has_uidl)
		return;
	kept->has_uidl = true;
	skip_space(&rest);
	while (rest.end > rest.at && is_space(rest.end[-1]))
		rest.end--;
	len = (size_t)(rest.end - rest.at);
	if (kept->overflows || len > UIDL_KEPT_MAX)
		return;
	for (size_t i = 0; i < len; i++) {
		if (rest.at[i] < 0x21 || rest.at[i] > 0x7e)
			return;
	}
	memcpy(kept->uidl, rest.at, len);
	kept->uidl[len] = '\0';
}

static void field_end(struct uidl_kept *kept)
{
	struct rest rest = {kept->value, kept->value + kept->len};

	if (kept->len > 0 && (kept->value[0] == ' ' || kept->value[0] == '\t'))
		rest.at++;
	switch (kept->field) {
	case UIDL_KEPT_BASE:
	case UIDL_KEPT_INTERNAL:
		take_base(kept, rest);
		break;
	case UIDL_KEPT_UID:
		take_uid(kept, rest);
		break;
	case UIDL_KEPT_UIDL:
		take_uidl(kept, rest);
		break;
	case UIDL_KEPT_NONE:
		break;
	}
}

void uidl_kept_begin(struct uidl_kept *kept, const char *name, size_t len)
{
	field_end(kept);
	kept->field = UIDL_KEPT_NONE;
	kept->len = 0;
	kept->has_text = false;
	kept->overflows = false;
	kept->at_colon = true;
	while (len > 0 && is_space(name[len - 1]))
		len--;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].format == kept->file->format && strlen(fields[i].name) == len &&
			strncasecmp(fields[i].name, name, len) == 0)
			kept->field = fields[i].field;
	}
}

static void put(struct uidl_kept *kept, char c)
{
	if (is_space(c) && kept->has_text && is_space(kept->value[kept->len - 1]))
		return;
	kept->has_text = kept->has_text || !is_space(c);
	if (kept->len == sizeof(kept->value))
		kept->overflows = true;
	else
		kept->value[kept->len++] = c;
}

void uidl_kept_text(struct uidl_kept *kept, const char *text, size_t len)
{
	if (kept->field == UIDL_KEPT_NONE)
		return;
	for (size_t i = 0; i < len && !kept->overflows; i++) {
		if (!kept->at_colon)
			put(kept, text[i]);
		kept->at_colon = false;
	}
}

void uidl_kept_line_end(struct uidl_kept *kept)
{
	if (kept->field == UIDL_KEPT_NONE)
		return;
	put(kept, '\n');
}

bool uidl_kept_finish(struct uidl_kept *kept, char out[static SPOOL_UIDL_SIZE])
{
	uidl_kept_begin(kept, "", 0);
	if (kept->uid != 0) {
		kept->file->highest = kept->uid;
		snprintf(out, SPOOL_UIDL_SIZE, "%08x%08x", kept->uid, kept->file->validity);
		return true;
	}
	if (*kept->uidl) {
		snprintf(out, SPOOL_UIDL_SIZE, "%s", kept->uidl);
		return true;
	}
	return false;
}

void uidl_kept_pass(struct uidl_file *file, const char *uidl)
{
	char validity[9], number[9];
	unsigned long uid;

	if (file->format != SPOOL_UIDL_DOVECOT || strlen(uidl) != 16)
		return;
	snprintf(validity, sizeof(validity), "%08x", file->validity);
	snprintf(number, sizeof(number), "%.8s", uidl);
	uid = strtoul(number, NULL, 16);
	if (strcmp(uidl + 8, validity) == 0 && uid > file->highest)
		file->highest = (uint32_t)uid;
}

/*
 * A Maildir's names, which any program may have made (spool/maildir_name.h), and the count of what
 * a message's octets become on the wire (spool/wire.h).
 */
#include "fuzz.h"
#include "spool/maildir_name.h"
#include "spool/wire.h"

#include <string.h>

static bool is_same(const struct maildir_name *a, const struct maildir_name *b)
{
	return a->base_len == b->base_len && a->seconds == b->seconds &&
	       a->microseconds == b->microseconds && a->has_size == b->has_size &&
	       a->size == b->size && a->has_wire == b->has_wire && a->wire == b->wire;
}

/* RFC 1939 section 7; and what stands behind the base name changes nothing. */
static void check_uidl(const struct fuzz_text *name, const struct maildir_name *parsed)
{
	char uidl[SPOOL_UIDL_SIZE];
	char twin[SPOOL_UIDL_SIZE];

	maildir_name_uidl(name->at, parsed->base_len, 0, uidl);
	must(memchr(uidl, 0, sizeof(uidl)) && *uidl && strlen(uidl) <= 70);
	must(fuzz_is_printable(uidl, strlen(uidl), true) && !strchr(uidl, ' '));
	maildir_name_uidl(name->at, parsed->base_len, 1, twin);
	must(strcmp(uidl, twin) != 0);
}

/* Marked by another program it is the same message still. */
static void check_marked(const struct fuzz_text *name, const struct maildir_name *parsed)
{
	char marked[NAME_MAX + sizeof(":2,S")];
	struct maildir_name again;

	memcpy(marked, name->at, parsed->base_len);
	memcpy(marked + parsed->base_len, ":2,S", 4);
	if (parsed->base_len + 4 > NAME_MAX)
		return;
	must(maildir_name_parse(marked, parsed->base_len + 4, &again));
	must(is_same(parsed, &again));
}

static void check_sizes(const struct maildir_name *parsed)
{
	must(!maildir_name_is_plausible(parsed, parsed->size + 1));
	if (!maildir_name_is_plausible(parsed, parsed->size))
		return;
	must(parsed->has_size && parsed->has_wire);
	must(parsed->wire >= parsed->size && parsed->wire <= 2 * (parsed->size + 1) + 1);
}

static void check_name(const struct fuzz_text *name)
{
	struct maildir_name parsed;

	if (!maildir_name_parse(name->at, name->len, &parsed)) {
		must(!maildir_name_is_base(name->at, name->len));
		return;
	}
	must(parsed.base_len > 0 && parsed.base_len <= name->len && name->len <= NAME_MAX);
	must(parsed.base_len == name->len || name->at[parsed.base_len] == ':');
	must(maildir_name_is_base(name->at, parsed.base_len));
	must(*name->at != '.' && !memchr(name->at, '/', name->len));
	must(!memchr(name->at, ':', parsed.base_len) && !memchr(name->at, 0, parsed.base_len));
	check_uidl(name, &parsed);
	check_marked(name, &parsed);
	check_sizes(&parsed);
}

/* In pieces of any size it comes to the same as octet by octet. */
static void check_wire(const struct fuzz_text *text, size_t piece)
{
	struct wire wire = {0};
	uint64_t octets = text->len;
	bool open = text->len > 0 && text->at[text->len - 1] != '\n';

	for (size_t i = 0; i < text->len; i++)
		octets += text->at[i] == '\n' && (i == 0 || text->at[i - 1] != '\r');
	for (size_t at = 0; at < text->len; at += piece)
		wire_text(&wire, text->at + at, piece < text->len - at ? piece : text->len - at);
	must(wire_end(&wire) == octets + (open ? 2 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;
	struct fuzz_text text;
	size_t piece;

	fuzz_init(&fuzz, data, size);
	piece = fuzz_octet(&fuzz) + 1;
	text = fuzz_rest(&fuzz);
	check_name(&text);
	check_wire(&text, piece);
	fuzz_free(&text);
	return 0;
}

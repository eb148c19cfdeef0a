/*
 * A message's way into an mbox and out again: quoting (mail/mboxrd.h), and all that is done to it
 * on delivery (spool/encode.h). Quoting is undone octet by octet; what was delivered is one
 * message to whoever reads the mailbox, whatever is in it.
 */
#include "fuzz.h"
#include "spool/encode.h"
#include "spool/mbox_scan.h"

#include <string.h>
#include <strings.h>

static void run(const char *in, size_t len, enum mboxrd_direction direction, struct fuzz *pieces,
	struct fuzz_sink *out)
{
	struct mboxrd rd;
	char text[4096];
	size_t put;

	mboxrd_init(&rd, direction);
	while (len > 0) {
		size_t part = pieces ? fuzz_piece(pieces, len) : len;
		size_t room = pieces ? 16 + fuzz_chance(pieces, 60) : sizeof(text);
		struct fuzz_text piece = fuzz_copy(in, part);
		size_t used;

		mboxrd_run(&rd, piece.at, part, &used, text, room, &put);
		must(used <= part && put <= room && (used > 0 || put > 0));
		fuzz_add(out, text, put);
		in += used;
		len -= used;
		fuzz_free(&piece);
	}
	must(mboxrd_finish(&rd, text, 16, &put) && put <= 16);
	fuzz_add(out, text, put);
}

/* A line that begins with this name, blanks and a colon (RFC 5322 4.5.8 allows the blanks). */
static bool has_field(const struct fuzz_sink *text, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at + len < text->len; at++) {
		size_t colon = at + len;

		if ((at > 0 && text->at[at - 1] != '\n') ||
			strncasecmp(text->at + at, name, len) != 0)
			continue;
		while (colon < text->len && (text->at[colon] == ' ' || text->at[colon] == '\t'))
			colon++;
		if (colon < text->len && text->at[colon] == ':' && colon < at + 64)
			return true;
	}
	return false;
}

static void check_quoting(const struct fuzz_text *in, struct fuzz *pieces)
{
	struct fuzz_sink whole = {0}, cut = {0}, back = {0}, back_cut = {0};

	run(in->at, in->len, MBOXRD_QUOTE, NULL, &whole);
	run(in->at, in->len, MBOXRD_QUOTE, pieces, &cut);
	must(fuzz_is(&cut, whole.at, whole.len));
	for (size_t at = 0; at + 5 <= whole.len; at++)
		must((at > 0 && whole.at[at - 1] != '\n') ||
			memcmp(whole.at + at, "From ", 5) != 0);
	run(whole.at, whole.len, MBOXRD_UNQUOTE, NULL, &back);
	run(whole.at, whole.len, MBOXRD_UNQUOTE, pieces, &back_cut);
	must(fuzz_is(&back, in->at, in->len));
	must(fuzz_is(&back_cut, in->at, in->len));
	fuzz_done(&whole);
	fuzz_done(&cut);
	fuzz_done(&back);
	fuzz_done(&back_cut);
}

static int sink(void *context, const char *text, size_t len)
{
	fuzz_add(context, text, len);
	return 0;
}

static void encode(const struct fuzz_text *in, struct fuzz *pieces, struct fuzz_sink *out)
{
	struct encode encode;

	encode_init(&encode, SPOOL_FORM_MBOXRD, sink, out);
	for (size_t at = 0, len; at < in->len; at += len) {
		struct fuzz_text piece;

		len = pieces ? fuzz_piece(pieces, in->len - at) : in->len - at;
		piece = fuzz_copy(in->at + at, len);
		must(encode_text(&encode, piece.at, len) == 0);
		fuzz_free(&piece);
	}
	must(encode_end(&encode) == 0);
}

/* The header's fields, folded ones with all their lines: none is one that a mailbox's programs
 * believe. */
static void check_header(const struct fuzz_sink *text)
{
	static const char *const forbidden[] = {
		"Status", "X-Status", "X-UID", "X-UIDL", "X-IMAP", "X-IMAPbase", "X-Keywords"};
	const char *end = text->len > 0 ? memmem(text->at, text->len, "\n\n", 2) : NULL;
	struct fuzz_sink header = {text->at, end ? (size_t)(end - text->at) : text->len, 0};

	if (text->len > 0 && text->at[0] == '\n')
		return;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		must(!has_field(&header, forbidden[i]));
}

static void check_delivery(const struct fuzz_text *in, struct fuzz *pieces)
{
	static const char from[] = "From a@b Thu Jan  1 00:00:00 1970\n";
	/* Every delivery begins with this; so no message can begin with what would be padding. */
	static const char path[] = "Return-Path: <a@b>\n";
	struct fuzz_sink whole = {0}, cut = {0}, mbox = {0};
	struct mbox_table table;
	struct mbox_scan scan;

	encode(in, NULL, &whole);
	encode(in, pieces, &cut);
	must(fuzz_is(&cut, whole.at, whole.len));
	must(whole.len == 0 || whole.at[whole.len - 1] == '\n');
	check_header(&whole);
	fuzz_add(&mbox, from, sizeof(from) - 1);
	fuzz_add(&mbox, path, sizeof(path) - 1);
	fuzz_add(&mbox, whole.at, whole.len);
	fuzz_add(&mbox, "\n", 1);
	mbox_table_init(&table);
	mbox_scan_begin(&scan, &table);
	must(mbox_scan_feed(&scan, mbox.at, mbox.len) == 0 && mbox_scan_end(&scan) == 0);
	must(table.len == 1 && table.at[0].offset == sizeof(from) - 1);
	must(table.at[0].length == sizeof(path) - 1 + whole.len);
	mbox_table_done(&table);
	fuzz_done(&whole);
	fuzz_done(&cut);
	fuzz_done(&mbox);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;
	struct fuzz_text in;

	fuzz_init(&fuzz, data, size);
	fuzz.chance = fuzz_octet(&fuzz);
	in = fuzz_rest(&fuzz);
	check_quoting(&in, &fuzz);
	check_delivery(&in, &fuzz);
	fuzz_free(&in);
	return 0;
}

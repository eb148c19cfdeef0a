/*
 * The octets of messages on the wire: in (mail/dot.h), out (mail/crlf.h), and the look at the
 * header on the way (mail/header.h). However they are cut the result is the same, and the same as
 * that of an obvious decoder that sees all of it at once.
 */
#include "fuzz.h"
#include "mail/crlf.h"
#include "mail/dot.h"
#include "mail/header.h"

#include <string.h>
#include <strings.h>

struct decoded {
	enum dot_event event;
	size_t used;
	uint64_t octets;
	struct fuzz_sink text;
};

static void decode(
	const struct fuzz_text *in, bool strict, struct fuzz *pieces, struct decoded *out)
{
	struct dot dot;

	*out = (struct decoded){.event = DOT_MORE};
	dot_init(&dot, strict);
	while (out->event == DOT_MORE && out->used < in->len) {
		size_t left = in->len - out->used;
		size_t len = pieces ? fuzz_piece(pieces, left) : left;
		struct fuzz_text piece = fuzz_copy(in->at + out->used, len);
		struct fuzz_text text = fuzz_copy(piece.at, len);
		size_t used, put;

		out->event = dot_decode(&dot, piece.at, len, &used, text.at, &put);
		must(used <= len && put <= len);
		must(out->event != DOT_MORE || used == len);
		out->used += used;
		fuzz_add(&out->text, text.at, put);
		fuzz_free(&piece);
		fuzz_free(&text);
	}
	out->octets = dot.octets;
}

/* The octet at i, or -1 where nothing is known yet. */
static int octet(const struct fuzz_text *in, size_t i)
{
	return i < in->len ? (unsigned char)in->at[i] : -1;
}

/* At a line's begin: is it the line with the dot alone? Its length, 0: no, -1: not known yet. */
static int final_dot(const struct fuzz_text *in, size_t i, bool strict, enum dot_event *event)
{
	int next = octet(in, i + 1);

	if (next == '\n' && !strict)
		return 2;
	if (next == -1 || (next == '\r' && octet(in, i + 2) == -1))
		return -1;
	if (next == '\n')
		*event = DOT_BARE_LF;
	if (next == '\r' && octet(in, i + 2) != '\n')
		*event = DOT_BARE_CR;
	return next == '\r' ? 3 : 0;
}

static enum dot_event expect(const struct fuzz_text *in, bool strict, struct fuzz_sink *text)
{
	bool at_start = true;

	for (size_t i = 0; i < in->len; i++) {
		enum dot_event event = DOT_MORE;
		int dot = at_start && octet(in, i) == '.' ? final_dot(in, i, strict, &event) : 0;
		int c = octet(in, i);

		if (event != DOT_MORE || dot < 0)
			return event;
		if (dot > 0)
			return DOT_END;
		if (at_start && c == '.')
			c = octet(in, ++i);
		at_start = false;
		if (c == '\0')
			return DOT_NUL;
		if (c == '\r' && octet(in, ++i) != '\n')
			return i < in->len ? DOT_BARE_CR : DOT_MORE;
		if (c == '\n' && strict)
			return DOT_BARE_LF;
		at_start = c == '\r' || c == '\n';
		fuzz_add(text, at_start ? "\n" : in->at + i, 1);
	}
	return DOT_MORE;
}

static void check_in(const struct fuzz_text *in, bool strict, struct fuzz *pieces)
{
	struct fuzz_sink expected = {0};
	enum dot_event event = expect(in, strict, &expected);
	struct decoded whole, cut;

	decode(in, strict, NULL, &whole);
	decode(in, strict, pieces, &cut);
	must(whole.event == event);
	must(fuzz_is(&whole.text, expected.at, expected.len));
	must(cut.event == event && cut.used == whole.used && cut.octets == whole.octets);
	must(fuzz_is(&cut.text, whole.text.at, whole.text.len));
	fuzz_done(&expected);
	fuzz_done(&whole.text);
	fuzz_done(&cut.text);
}

static void encode(const struct fuzz_text *in, struct fuzz *pieces, struct fuzz_sink *out)
{
	struct crlf crlf;
	char tail[8];
	size_t at = 0;

	crlf_init(&crlf);
	while (at < in->len) {
		size_t room = pieces ? 4 + fuzz_chance(pieces, 40) : 65536;
		size_t len = pieces ? fuzz_piece(pieces, in->len - at) : in->len - at;
		struct fuzz_text piece = fuzz_copy(in->at + at, len);
		static char space[65536];
		struct fuzz_text text = fuzz_copy(space, room);
		size_t used, put;

		crlf_run(&crlf, piece.at, len, &used, text.at, room, &put);
		must(used <= len && put <= room && (used > 0 || put > 0));
		fuzz_add(out, text.at, put);
		at += used;
		fuzz_free(&piece);
		fuzz_free(&text);
	}
	fuzz_add(out, tail, crlf_finish(&crlf, tail));
}

/* On the wire the message ends once, at its end; whoever decodes it has the same lines. */
static void check_out(const struct fuzz_text *in, struct fuzz *pieces)
{
	struct fuzz_sink whole = {0}, cut = {0}, plain = {0};
	struct fuzz_text wire;
	struct decoded back;
	const char *end;

	encode(in, NULL, &whole);
	encode(in, pieces, &cut);
	must(fuzz_is(&cut, whole.at, whole.len));
	end = whole.len > 3 ? memmem(whole.at, whole.len, "\r\n.\r\n", 5) : whole.at - 2;
	must(end + 5 == whole.at + whole.len);
	wire = fuzz_copy(whole.at, whole.len);
	decode(&wire, true, NULL, &back);
	for (size_t i = 0; i < in->len; i++) {
		if (in->at[i] != '\r' || octet(in, i + 1) != '\n')
			fuzz_add(&plain, in->at + i, 1);
	}
	if (plain.len > 0 && plain.at[plain.len - 1] != '\n')
		fuzz_add(&plain, "\n", 1);
	if (plain.len == 0 ||
		(!memchr(plain.at, '\r', plain.len) && !memchr(plain.at, 0, plain.len)))
		must(back.event == DOT_END && fuzz_is(&back.text, plain.at, plain.len));
	else
		must(back.event != DOT_END && back.event != DOT_MORE);
	fuzz_free(&wire);
	fuzz_done(&back.text);
	fuzz_done(&plain);
	fuzz_done(&whole);
	fuzz_done(&cut);
}

static void check_header(const struct fuzz_text *in, struct fuzz *pieces)
{
	struct header whole, cut;
	uint64_t received = 0;
	bool over = false;

	header_init(&whole);
	header_feed(&whole, in->at, in->len);
	header_init(&cut);
	for (size_t at = 0, len; at < in->len; at += len) {
		len = fuzz_piece(pieces, in->len - at);
		header_feed(&cut, in->at + at, len);
	}
	for (size_t at = 0; at < in->len && !over;) {
		const char *lf = memchr(in->at + at, '\n', in->len - at);
		size_t len = lf ? (size_t)(lf - in->at) - at : in->len - at;

		received += len >= 9 && strncasecmp(in->at + at, "Received:", 9) == 0;
		over = lf && len == 0;
		at += len + 1;
	}
	must(whole.over == over && whole.received == received);
	must(cut.over == over && cut.received == received);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;
	struct fuzz_text in;
	bool strict;

	fuzz_init(&fuzz, data, size);
	strict = fuzz_octet(&fuzz) & 1;
	fuzz.chance = fuzz_octet(&fuzz);
	in = fuzz_rest(&fuzz);
	check_in(&in, strict, &fuzz);
	check_out(&in, &fuzz);
	check_header(&in, &fuzz);
	fuzz_free(&in);
	return 0;
}

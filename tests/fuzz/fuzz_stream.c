/*
 * Lines and octets out of a stream (io/stream.h), through a transport that gives them in pieces of
 * any size, or says that there are none yet. However they come the events are those of an obvious
 * reader that sees all of them at once; no octet gets lost or comes twice; no line has a CR, LF or
 * NUL in it. And back: what is put comes out whole and in order.
 */
#include "base/clock.h"
#include "fuzz.h"
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct wire {
	struct fuzz *pieces;
	struct fuzz_sink in;
	size_t given;
	struct fuzz_sink out;
};

static ssize_t wire_read(void *context, void *data, size_t len)
{
	struct wire *wire = context;
	size_t left = wire->in.len - wire->given;

	must(len > 0);
	if (fuzz_chance(wire->pieces, 8) == 0) {
		errno = fuzz_chance(wire->pieces, 2) ? EAGAIN : EINTR;
		return -1;
	}
	len = left < len ? left : len;
	if (len > 0)
		len = fuzz_piece(wire->pieces, len);
	if (len > 0)
		memcpy(data, wire->in.at + wire->given, len);
	wire->given += len;
	return (ssize_t)len;
}

static ssize_t wire_write(void *context, const void *data, size_t len)
{
	struct wire *wire = context;

	must(len > 0);
	if (fuzz_chance(wire->pieces, 8) == 0) {
		errno = fuzz_chance(wire->pieces, 2) ? EAGAIN : EINTR;
		return -1;
	}
	len = fuzz_piece(wire->pieces, len);
	fuzz_add(&wire->out, data, len);
	return (ssize_t)len;
}

/* What the next line must be: *len octets from `at` on, and where the one after it begins. */
static enum stream_event expect(
	const struct fuzz_sink *in, size_t at, size_t max, bool strict, size_t *len, size_t *next)
{
	const char *text = in->at + at;
	const char *lf = at < in->len ? memchr(text, '\n', in->len - at) : NULL;
	size_t whole = lf ? (size_t)(lf - text) + 1 : in->len - at;

	*next = at + whole;
	if (whole > max || (!lf && whole == max))
		return lf ? STREAM_TOO_LONG : STREAM_EOF;
	if (!lf) {
		*next = at;
		return STREAM_EOF;
	}
	*len = whole - 1;
	if (memchr(text, '\0', *len))
		return STREAM_BAD_NUL;
	if (*len > 0 && memchr(text, '\r', *len - 1))
		return STREAM_BAD_CR;
	if (*len > 0 && text[*len - 1] == '\r')
		(*len)--;
	else if (strict)
		return STREAM_BAD_LF;
	return STREAM_LINE;
}

/* How many octets were taken. */
static size_t position(const struct stream *stream, const struct wire *wire)
{
	return wire->given - (stream->end - stream->begin);
}

static enum stream_event take_line(struct stream *stream, struct wire *wire, size_t max)
{
	size_t at = position(stream, wire);
	size_t want_len = 0, len = 0, next;
	const char *line;
	enum stream_event want = expect(&wire->in, at, max, stream->strict, &want_len, &next);
	enum stream_event event = stream_line(stream, max, clock_ms() + 10000, &line, &len);

	must(event == want && position(stream, wire) == next);
	if (event != STREAM_LINE)
		return event;
	must(len == want_len && (len == 0 || memcmp(line, wire->in.at + at, len) == 0));
	must(!memchr(line, '\r', len) && !memchr(line, '\n', len) && !memchr(line, '\0', len));
	return event;
}

static enum stream_event take_octets(struct stream *stream, struct wire *wire, unsigned count)
{
	size_t at = position(stream, wire);
	const char *text;
	size_t len;
	enum stream_event event = stream_peek(stream, clock_ms() + 10000, &text, &len);

	must(position(stream, wire) == at);
	must(event == (at == wire->in.len ? STREAM_EOF : STREAM_LINE));
	if (event != STREAM_LINE)
		return event;
	must(len > 0 && at + len <= wire->in.len && memcmp(text, wire->in.at + at, len) == 0);
	must(stream_has_input(stream));
	must(stream_has_line(stream) == (memchr(text, '\n', len) != NULL));
	len = 1 + count % len;
	stream_consume(stream, len);
	must(position(stream, wire) == at + len);
	return event;
}

static void read_all(struct stream *stream, struct wire *wire, struct fuzz *pieces)
{
	static const size_t limits[] = {STREAM_LINE_MAX, 12288, 20};
	enum stream_event event;

	do {
		unsigned what = fuzz_chance(pieces, 8);

		event = what == 7 ? take_octets(stream, wire, fuzz_chance(pieces, 65536))
				  : take_line(stream, wire, limits[what % 3]);
	} while (event != STREAM_EOF);
}

static void write_all(struct stream *stream, struct wire *wire, struct fuzz *pieces)
{
	const struct fuzz_sink *in = &wire->in;

	for (size_t at = 0, len; at < in->len; at += len) {
		len = fuzz_piece(pieces, in->len - at);
		stream_put(stream, in->at + at, len);
		if (fuzz_chance(pieces, 4) == 0)
			must(stream_flush(stream, clock_ms() + 10000) == 0);
	}
	must(stream_flush(stream, clock_ms() + 10000) == 0);
	must(fuzz_is(&wire->out, in->at, in->len));
}

/* In front of the input there may be lines of padding, so that it lies where the buffer ends. */
static void pad(struct fuzz_sink *in, size_t len)
{
	static const char line[] = "padding padding\r\n";

	while (in->len + 17 <= len)
		fuzz_add(in, line, 17);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct stream_transport transport = {.read = wire_read, .write = wire_write};
	struct stream stream;
	struct fuzz fuzz;
	struct wire wire = {.pieces = &fuzz};
	unsigned flags;
	int ready = open("/dev/null", O_RDWR | O_CLOEXEC); /* poll(2) never waits for it */

	fuzz_init(&fuzz, data, size);
	flags = fuzz_octet(&fuzz);
	fuzz.chance = fuzz_octet(&fuzz);
	if (flags & 2)
		pad(&wire.in, STREAM_INPUT_SIZE - fuzz_octet(&fuzz));
	fuzz_add(&wire.in, fuzz.at, fuzz.len);
	must(ready >= 0 && stream_init(&stream, ready, ready, flags & 1, clock_ms() + 60000) == 0);
	stream.transport = &transport;
	stream.context = &wire;
	read_all(&stream, &wire, &fuzz);
	write_all(&stream, &wire, &fuzz);
	stream_done(&stream);
	close(ready);
	fuzz_done(&wire.in);
	fuzz_done(&wire.out);
	return 0;
}

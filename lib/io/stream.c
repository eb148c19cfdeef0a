/*
 * stream - see stream.h.
 *
 * The input buffer is one block: a line is found in it where it lies and handed out in place; when
 * the block is used up or full its rest moves to the front. Nothing grows.
 */
#include "io/stream.h"

#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t plain_read(void *context, void *data, size_t len)
{
	const struct stream *stream = context;

	return read(stream->in, data, len);
}

static ssize_t plain_write(void *context, const void *data, size_t len)
{
	const struct stream *stream = context;

	return write(stream->out, data, len);
}

static const struct stream_transport plain = {plain_read, plain_write, NULL};

/* Replies leave as they are written, not 40 ms later (Nagle's algorithm and delayed ACKs). */
static void prepare_socket(int fd)
{
	int on = 1;
	int flags = fcntl(fd, F_GETFL);

	if (!fd_is_socket(fd))
		return;
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int stream_init(struct stream *stream, int in, int out, bool strict, int64_t session_deadline)
{
	*stream = (struct stream){.in = in,
		.out = out,
		.strict = strict,
		.transport = &plain,
		.context = stream,
		.session_deadline = session_deadline,
		.write_deadline = session_deadline};
	buf_init(&stream->output, (size_t)2 * STREAM_OUTPUT_SIZE);
	stream->input = malloc(STREAM_INPUT_SIZE);
	if (!stream->input)
		return -ENOMEM;
	prepare_socket(in);
	if (out != in)
		prepare_socket(out);
	stream->is_socket = fd_is_socket(out);
	return 0;
}

void stream_done(struct stream *stream)
{
	free(stream->input);
	stream->input = NULL;
	buf_done(&stream->output);
}

void stream_set_transport(
	struct stream *stream, const struct stream_transport *transport, void *context)
{
	stream->transport = transport;
	stream->context = context;
}

void stream_cut(struct stream *stream, int err)
{
	stream_set_transport(stream, &plain, stream);
	stream->begin = 0;
	stream->end = 0;
	stream->eof = true;
	stream->output.len = 0;
	stream->error = -err;
}

int stream_wait(const struct stream *stream, bool output, int64_t deadline)
{
	struct pollfd pollfd = {
		.fd = output ? stream->out : stream->in, .events = output ? POLLOUT : POLLIN};

	for (;;) {
		int64_t left = deadline - clock_ms();
		int n;

		if (left <= 0)
			return 0;
		n = poll(&pollfd, 1, left > 3600000 ? 3600000 : (int)left);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int64_t sooner(const struct stream *stream, int64_t deadline)
{
	return deadline < stream->session_deadline ? deadline : stream->session_deadline;
}

/* After EAGAIN, or before a first try if the transport has no octets of its own: wait. As
 * stream_wait(). */
static int wait_transport(const struct stream *stream, bool output, int64_t deadline)
{
	if (stream->transport->wants_output)
		output = stream->transport->wants_output(stream->context);
	return stream_wait(stream, output, deadline);
}

/* Read what there is behind the input. The buffer has room. STREAM_TIMEOUT: there is nothing now.
 */
static enum stream_event try_fill(struct stream *stream)
{
	ssize_t n = stream->transport->read(
		stream->context, stream->input + stream->end, STREAM_INPUT_SIZE - stream->end);

	if (n > 0) {
		stream->end += (size_t)n;
		return STREAM_LINE;
	}
	if (n == 0) {
		stream->eof = true;
		return STREAM_EOF;
	}
	return errno == EINTR || errno == EAGAIN ? STREAM_TIMEOUT : STREAM_ERROR;
}

/* Get more input behind what is there. The buffer has room. A peer that never stops sending what
 * amounts to nothing (empty TLS records) meets the deadline, too. */
static enum stream_event fill(struct stream *stream, int64_t deadline)
{
	bool ask = stream->transport->wants_output != NULL;

	if (stream->eof)
		return STREAM_EOF;
	deadline = sooner(stream, deadline);
	for (;;) {
		enum stream_event event = STREAM_TIMEOUT;
		int ready;

		if (ask && clock_ms() < deadline)
			event = try_fill(stream);
		if (event != STREAM_TIMEOUT)
			return event;
		ready = wait_transport(stream, false, deadline);
		if (ready <= 0)
			return ready == 0 ? STREAM_TIMEOUT : STREAM_ERROR;
		ask = true;
	}
}

/* What is moved may be half of a password: no second copy stays behind. */
static void make_room(struct stream *stream)
{
	size_t moved = stream->begin;

	if (moved == 0)
		return;
	memmove(stream->input, stream->input + moved, stream->end - moved);
	stream->end -= moved;
	stream->begin = 0;
	explicit_bzero(stream->input + stream->end, moved);
}

enum stream_event stream_peek(struct stream *stream, int64_t deadline, const char **at, size_t *len)
{
	if (stream->begin == stream->end) {
		enum stream_event event;

		stream->begin = 0;
		stream->end = 0;
		event = fill(stream, deadline);
		if (event != STREAM_LINE)
			return event;
	}
	*at = stream->input + stream->begin;
	*len = stream->end - stream->begin;
	return STREAM_LINE;
}

void stream_consume(struct stream *stream, size_t len)
{
	stream->begin += len;
	if (stream->begin >= stream->end) {
		stream->begin = 0;
		stream->end = 0;
	}
}

/* What is wrong with a line (text[0..len) without its LF), if anything. Cuts the CR off. */
static enum stream_event check_line(const struct stream *stream, const char *text, size_t *len)
{
	const char *cr;

	if (memchr(text, '\0', *len))
		return STREAM_BAD_NUL;
	cr = memchr(text, '\r', *len);
	if (cr && cr != text + *len - 1)
		return STREAM_BAD_CR;
	if (cr)
		(*len)--;
	else if (stream->strict)
		return STREAM_BAD_LF; /* RFC 5321 2.3.8: only CRLF ends a line */
	return STREAM_LINE;
}

/* Drop what belongs to a line that is already too long, up to its LF; it may hold a secret as any
 * line may. */
static enum stream_event skip_line(struct stream *stream, int64_t deadline)
{
	size_t skipped = 0;

	while (skipped < STREAM_SKIP_MAX) {
		const char *at;
		const char *lf;
		size_t len;
		enum stream_event event = stream_peek(stream, deadline, &at, &len);

		if (event != STREAM_LINE)
			return event;
		lf = memchr(at, '\n', len);
		if (lf)
			len = (size_t)(lf - at) + 1;
		stream_wipe(stream, at, len);
		stream_consume(stream, len);
		if (lf)
			return STREAM_TOO_LONG;
		skipped += len;
	}
	return STREAM_ENDLESS;
}

enum stream_event stream_line(
	struct stream *stream, size_t max, int64_t deadline, const char **line, size_t *len)
{
	size_t seen = 0; /* octets known to hold no LF */

	for (;;) {
		const char *text = stream->input + stream->begin;
		size_t have = stream->end - stream->begin;
		const char *lf = memchr(text + seen, '\n', have - seen);
		enum stream_event event;

		if (lf && (size_t)(lf - text) < max) {
			*line = text;
			*len = (size_t)(lf - text);
			stream->begin += *len + 1;
			event = check_line(stream, text, len);
			if (event != STREAM_LINE) /* nobody will see it, nor wipe it */
				stream_wipe(stream, text, *len);
			return event;
		}
		if (lf || have >= max)
			return skip_line(stream, deadline);
		seen = have;
		if (stream->end == STREAM_INPUT_SIZE)
			make_room(stream);
		event = fill(stream, deadline);
		if (event != STREAM_LINE)
			return event;
	}
}

void stream_wipe(struct stream *stream, const char *at, size_t len)
{
	explicit_bzero(stream->input + (at - stream->input), len);
}

bool stream_has_line(const struct stream *stream)
{
	return memchr(stream->input + stream->begin, '\n', stream->end - stream->begin) != NULL;
}

bool stream_has_input(const struct stream *stream)
{
	return stream->begin < stream->end;
}

/* How much of the output to write at once. A pipe's write blocks unless it has room for all of it,
 * which is only promised for PIPE_BUF octets, and only after poll(2) has said so. 0 at the
 * deadline, or -errno. */
static ssize_t next_write(struct stream *stream, size_t left)
{
	int ready;

	if (stream->is_socket || stream->transport->wants_output)
		return (ssize_t)left;
	ready = stream_wait(stream, true, stream->write_deadline);
	if (ready <= 0)
		return ready;
	return left < PIPE_BUF ? (ssize_t)left : PIPE_BUF;
}

static ssize_t write_some(struct stream *stream, const char *data, size_t left)
{
	ssize_t part = next_write(stream, left);

	if (part == 0)
		return -ETIMEDOUT;
	if (part < 0)
		return part;
	part = stream->transport->write(stream->context, data, (size_t)part);
	if (part >= 0 || errno == EINTR)
		return part < 0 ? 0 : part;
	if (errno != EAGAIN)
		return -errno;
	part = wait_transport(stream, true, stream->write_deadline);
	if (part == 0)
		return -ETIMEDOUT;
	return part < 0 ? part : 0;
}

int stream_flush(struct stream *stream, int64_t deadline)
{
	size_t done = 0;

	stream->write_deadline = sooner(stream, deadline);
	while (stream->error == 0 && done < stream->output.len) {
		ssize_t n = write_some(stream, stream->output.at + done, stream->output.len - done);

		if (n < 0)
			stream->error = (int)n;
		else
			done += (size_t)n;
	}
	stream->output.len = 0;
	return stream->error;
}

char *stream_room(struct stream *stream, size_t least, size_t *room)
{
	int err = stream->error ? stream->error : buf_reserve(&stream->output, least);

	if (err < 0) {
		stream->error = err;
		return NULL;
	}
	*room = stream->output.cap - stream->output.len;
	return stream->output.at + stream->output.len;
}

void stream_added(struct stream *stream, size_t len)
{
	stream->output.len += len;
	if (stream->output.len >= STREAM_OUTPUT_SIZE)
		(void)stream_flush(stream, stream->write_deadline);
}

void stream_put(struct stream *stream, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		size_t part = len < STREAM_OUTPUT_SIZE ? len : STREAM_OUTPUT_SIZE;
		size_t room;
		char *out = stream_room(stream, part, &room);

		if (!out)
			return;
		memcpy(out, at, part);
		stream_added(stream, part);
		at += part;
		len -= part;
	}
}

void stream_putf(struct stream *stream, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		stream->error = -ENOBUFS; /* a reply that lost its line end would desynchronise */
	else
		stream_put(stream, text, (size_t)len);
}

void stream_linger(struct stream *stream)
{
	int64_t deadline = clock_ms() + 1000;

	stream_cut(stream, EPIPE);
	if (!fd_is_socket(stream->out) || shutdown(stream->out, SHUT_WR) < 0)
		return;
	for (int i = 0; i < 256; i++) {
		if (stream_wait(stream, false, deadline) <= 0)
			return;
		if (read(stream->in, stream->input, STREAM_INPUT_SIZE) <= 0)
			return;
	}
}

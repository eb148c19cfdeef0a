/*
 * stream - lines and octets from a peer, replies to it, all with deadlines.
 *
 * Reads are buffered and bounded; a line is handed out only whole and without its line end. What is
 * wrong with a line is decided here and nowhere else: over-long, NUL, bare CR, bare LF are events.
 * Strict (from a network): only CRLF ends a line (RFC 5321 2.3.8). Lenient (a pipe, a file, a
 * terminal; POP3): LF alone does, too. Writes are collected and go out in one piece; a peer that
 * does not read them runs into the deadline. Deadlines are clock_ms() times.
 *
 * Below it is a transport: the two fds as they are, or TLS over them (tls.h).
 */

#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_LINE_MAX    2048  /* octets of a command line with its line end (DESIGN 8) */
#define STREAM_INPUT_SIZE  65536 /* octets read at once */
#define STREAM_OUTPUT_SIZE 65536 /* octets of replies held before they go out */
#define STREAM_SKIP_MAX                                                                            \
	(1 << 20) /* octets of an over-long line that are skipped; then STREAM_ENDLESS */

enum stream_event {
	STREAM_LINE,
	STREAM_EOF,      /* the peer has closed; a last line without its end is not handed out */
	STREAM_TIMEOUT,  /* the deadline */
	STREAM_ERROR,    /* the connection broke */
	STREAM_ENDLESS,  /* a line over STREAM_SKIP_MAX: there is no going on */
	STREAM_TOO_LONG, /* a line over the limit, skipped to its end */
	STREAM_BAD_NUL,  /* a line, skipped to its end, with NUL in it */
	STREAM_BAD_CR,   /* ... with a CR that no LF follows */
	STREAM_BAD_LF,   /* ... that ended in LF alone (strict streams only) */
};

/*
 * How octets come and go: read(2) and write(2) semantics; -1 and EAGAIN make the stream poll, then
 * call again, after a write with the same octets.
 *
 * wants_output, if there is one: whether the call that failed with EAGAIN waits for the output fd
 * (a TLS record may have to go out before one can be read, and the other way round). A transport
 * that has it never blocks and may hold octets that poll(2) knows nothing of, so it is always asked
 * before the fds are polled.
 */
struct stream_transport {
	ssize_t (*read)(void *context, void *data, size_t len);
	ssize_t (*write)(void *context, const void *data, size_t len);
	bool (*wants_output)(void *context);
};

struct stream {
	int in;
	int out;
	bool strict;
	bool is_socket; /* out is one */
	const struct stream_transport *transport;
	void *context;
	int64_t session_deadline; /* no call waits beyond it */
	char *input;              /* STREAM_INPUT_SIZE */
	size_t begin;             /* input[begin..end) is unread */
	size_t end;
	bool eof;
	struct buf output;
	int error; /* of the latest write, as -errno; then all further output is dropped */
	int64_t write_deadline; /* for flushes that a full buffer forces */
};

/* The fds stay the caller's. They are set non-blocking where they are sockets. 0 or -ENOMEM. */
int stream_init(struct stream *stream, int in, int out, bool strict, int64_t session_deadline);
void stream_done(struct stream *stream);

/* Put a transport under the stream; its context must live as long as it is there. */
void stream_set_transport(
	struct stream *stream, const struct stream_transport *transport, void *context);

/* From now on nothing can be read or written any more: input has ended, output fails with err (a
 * positive errno value) and is dropped. For a connection whose TLS is over: what comes in the clear
 * must not be taken for something that TLS protected, nor must replies go out like that. */
void stream_cut(struct stream *stream, int err);

/* Wait until the input fd has something to read or, if output, the output fd takes something. 1, 0
 * at the deadline, or -errno. */
int stream_wait(const struct stream *stream, bool output, int64_t deadline);

/* The next line of at most max octets (with its line end; max <= STREAM_LINE_MAX or 12288), valid
 * until the next call that reads. *line is not NUL-terminated. */
enum stream_event stream_line(
	struct stream *stream, size_t max, int64_t deadline, const char **line, size_t *len);

/* A line, or a part of one, may have been a secret: leave nothing of it in the buffer. Lines that
 * are an event, not a STREAM_LINE, are wiped already. */
void stream_wipe(struct stream *stream, const char *at, size_t len);

/* Some unread octets as they are, at least one: STREAM_LINE, or EOF, TIMEOUT, ERROR. They stay
 * unread until stream_consume(). For DATA. */
enum stream_event stream_peek(
	struct stream *stream, int64_t deadline, const char **at, size_t *len);
void stream_consume(struct stream *stream, size_t len);

/* Is there a whole line, or anything at all, waiting in the buffer? Then a pipelining peer (RFC
 * 2920) can wait for its replies. */
bool stream_has_line(const struct stream *stream);
bool stream_has_input(const struct stream *stream);

/* Add to the output; it is flushed by itself only when it grows over STREAM_OUTPUT_SIZE. Errors
 * stick and are told by stream_flush(). */
void stream_put(struct stream *stream, const void *data, size_t len);
__attribute__((format(printf, 2, 3))) void stream_putf(struct stream *stream, const char *fmt, ...);

/* The same without a copy: where to put at least `least` octets (at most STREAM_OUTPUT_SIZE), with
 * room for *room; NULL: they can't be put (an error, which sticks). Then say how many were put. */
char *stream_room(struct stream *stream, size_t least, size_t *room);
void stream_added(struct stream *stream, size_t len);

/* Write out all output in as few writes as possible. 0, -ETIMEDOUT or -errno. Also sets the
 * deadline that later forced flushes have: deadline. */
int stream_flush(struct stream *stream, int64_t deadline);

/* Say goodbye so that the last reply is read: shut down writing and discard what still comes on the
 * socket, for a second; no transport is asked. Nothing but stream_done() may follow. */
void stream_linger(struct stream *stream);

#endif

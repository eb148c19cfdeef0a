/*
 * tls-tool - TLS by itself, for tests and for a look from outside: the server's side on fds 0 and
 * 1, which sends every line back.
 *
 * usage: tls-tool [-j] [-p PRIORITIES] [-t LETTER] [-d MS] CERTIFICATE KEY [CERTIFICATE KEY]...
 *
 * -j: in the jail, sealed once TLS is loaded. -t: tickets, by a key made of this letter. -d: the
 * handshake's deadline. Standard error gets "TLS: " and what was agreed, "note: ", or "error: ";
 * the exit status is 1 after an error.
 */
#include "base/clock.h"
#include "io/jail.h"
#include "io/tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIRS_MAX 8

static int complain(const struct why *why)
{
	fprintf(stderr, "error: %s\n", why->text);
	return 1;
}

static void echo(struct stream *stream)
{
	const char *line;
	size_t len;
	int64_t deadline = clock_ms() + 60000;

	while (stream_line(stream, STREAM_LINE_MAX, deadline, &line, &len) == STREAM_LINE) {
		stream_put(stream, line, len);
		stream_put(stream, "\r\n", 2);
		if (!stream_has_line(stream) && stream_flush(stream, deadline) < 0)
			return;
	}
}

/* Load TLS, in the jail or not. */
static int load(struct tls_server *server, bool jailed, struct why *why)
{
	struct jail jail = {.user = "nobody",
		.fds = {.channel = -1, .connection = -1},
		.max_file = 1 << 20,
		.may_load = true,
		.module = tls_module_path(server)};
	bool fallback;
	bool open;
	int err = jailed ? jail_enter(&jail, &fallback, &open, why) : 0;

	if (!err)
		err = tls_server_load(server, why);
	if (!err && jailed)
		err = jail_seal(why);
	return err;
}

static int serve(
	const struct tls_setup *setup, bool jailed, const unsigned char *key, int64_t handshake_ms)
{
	struct tls_server *server;
	struct stream stream;
	struct tls *tls;
	struct why why;

	if (stream_init(&stream, 0, 1, false, clock_ms() + 60000) < 0)
		return 1;
	if (tls_server_new(setup, &server, &why) < 0 || load(server, jailed, &why) < 0)
		return complain(&why);
	if (tls_server_note(server)[0])
		fprintf(stderr, "note: %s\n", tls_server_note(server));
	if (tls_accept(server, &stream, key, clock_ms() + handshake_ms, &tls, &why) < 0)
		return complain(&why);
	fprintf(stderr, "TLS: %s%s\n", tls_description(tls),
		tls_is_resumed(tls) ? " (resumed)" : "");
	echo(&stream);
	tls_close(&tls);
	stream_linger(&stream);
	stream_done(&stream);
	tls_server_free(&server);
	return 0;
}

int main(int argc, char **argv)
{
	struct tls_pair pairs[PAIRS_MAX];
	struct tls_setup setup = {.pairs = pairs};
	unsigned char key[TLS_TICKET_KEY_SIZE];
	bool tickets = false;
	bool jailed = false;
	int64_t handshake_ms = 10000;
	int option;

	while ((option = getopt(argc, argv, "jp:t:d:")) != -1) {
		if (option == 'j') {
			jailed = true;
		} else if (option == 'p') {
			setup.priorities = optarg;
		} else if (option == 't') {
			tickets = true;
			memset(key, optarg[0], sizeof(key));
		} else if (option == 'd') {
			handshake_ms = atoi(optarg);
		} else {
			return 64;
		}
	}
	for (; optind + 1 < argc && setup.count < PAIRS_MAX; optind += 2)
		pairs[setup.count++] = (struct tls_pair){"", argv[optind], argv[optind + 1]};
	signal(SIGPIPE, SIG_IGN);
	return serve(&setup, jailed, tickets ? key : NULL, handshake_ms);
}

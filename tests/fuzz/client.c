/* client - see client.h. */
#include "client.h"

#include "base/log.h"
#include "io/jail.h"
#include "io/peer.h"
#include "io/stream.h"
#include "io/tls.h"
#include "session/session_tls.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static struct client *current;
static const struct stream *current_stream;

static ssize_t give(void *context, void *data, size_t len)
{
	struct client *client = context;
	const char *at = client->in.at + client->given;
	size_t left = client->in.len - client->given;
	const char *lf = memchr(at, '\n', left);

	must(!client->is_over && len > 0);
	if (fuzz_chance(client->dice, 16) == 0) {
		errno = EAGAIN;
		return -1;
	}
	len = left < len ? left : len;
	if (client->manner == CLIENT_BY_LINE && lf && (size_t)(lf - at) < len)
		len = (size_t)(lf - at) + 1;
	if (client->manner == CLIENT_IN_PIECES && len > 0)
		len = fuzz_piece(client->dice, len);
	if (len > 0)
		memcpy(data, at, len);
	client->given += len;
	return (ssize_t)len;
}

static ssize_t take(void *context, const void *data, size_t len)
{
	struct client *client = context;

	must(!client->is_over && len > 0);
	if (client->manner == CLIENT_IN_PIECES)
		len = fuzz_piece(client->dice, len);
	fuzz_add(&client->out, data, len);
	return (ssize_t)len;
}

static const struct stream_transport transport = {.read = give, .write = take};

FAKE(stream_init);
extern __typeof__(stream_init) __real_stream_init;
int __wrap_stream_init(
	struct stream *stream, int in, int out, bool strict, int64_t session_deadline)
{
	int err = __real_stream_init(stream, in, out, strict, session_deadline);

	stream->transport = &transport;
	stream->context = current;
	current_stream = stream;
	return err;
}

FAKE(peer_learn);
void __wrap_peer_learn(struct peer *peer, int in, int out)
{
	(void)in;
	(void)out;
	*peer = (struct peer){.address = "192.0.2.2",
		.server = "192.0.2.1",
		.network = current->network,
		.local = current->local,
		.pipe = current->pipe,
		.uid = (uid_t)-1};
}

FAKE(jail_enter);
int __wrap_jail_enter(const struct jail *jail, bool *fallback, bool *open, struct why *why)
{
	(void)jail;
	(void)why;
	*fallback = false;
	*open = false;
	must(current->given == 0 && current->out.len == 0); /* no octet in front of the jail */
	return 0;
}

FAKE(jail_seal);
int __wrap_jail_seal(struct why *why)
{
	(void)why;
	return 0;
}

FAKE(log_event);
void __wrap_log_event(int priority, const char *event, ...)
{
	va_list args;

	(void)priority;
	must(*event);
	va_start(args, event);
	for (int f = va_arg(args, int); f != LOG_END; f = va_arg(args, int)) {
		const char *value = va_arg(args, const char *);

		must(f > LOG_END && f < LOG_FIELDS && (!value || strlen(value) < 65536));
	}
	va_end(args);
}

/* TLS: neither type is known outside of their module, so any address will do. */
static char fake_server, fake_tls;

FAKE(tls_server_load);
int __wrap_tls_server_load(struct tls_server *server, struct why *why)
{
	must(server == (void *)&fake_server && current->has_tls && !current->has_loaded);
	if (current->cannot_load)
		return why_set(why, EINVAL, WHY_TEMP, "4.3.5", "/a/path: not a certificate");
	current->has_loaded = true;
	return 0;
}

FAKE(tls_server_note);
const char *__wrap_tls_server_note(const struct tls_server *server)
{
	must(server == (void *)&fake_server);
	return "";
}

FAKE(tls_accept);
int __wrap_tls_accept(struct tls_server *server, struct stream *stream,
	const unsigned char *ticket_key, int64_t deadline, struct tls **out, struct why *why)
{
	(void)ticket_key;
	(void)deadline;
	must(server == (void *)&fake_server && stream->context == current);
	must(current->has_loaded);
	must(!stream_has_input(stream)); /* what came in clear must not be taken for more */
	must(stream->output.len == 0 && ++current->handshakes == 1);
	current->tls_in = current->given;
	current->tls_out = current->out.len;
	current->is_over = current->fails_at_tls;
	if (current->fails_at_tls)
		return why_set(why, EPROTO, WHY_TEMP, "4.7.0", "no TLS");
	*out = (void *)&fake_tls;
	return 0;
}

FAKE(tls_server_free);
void __wrap_tls_server_free(struct tls_server **server)
{
	must(*server == (void *)&fake_server && current->has_tls);
	*server = NULL;
}

FAKE(tls_close);
void __wrap_tls_close(struct tls **tls)
{
	*tls = NULL;
}

FAKE(tls_description);
const char *__wrap_tls_description(const struct tls *tls)
{
	must(tls == (void *)&fake_tls);
	return "TLS1.3 TLS_AES_256_GCM_SHA384";
}

FAKE(tls_cipher_suite);
const char *__wrap_tls_cipher_suite(const struct tls *tls)
{
	must(tls == (void *)&fake_tls);
	return "TLS_AES_256_GCM_SHA384";
}

FAKE(tls_is_resumed);
bool __wrap_tls_is_resumed(const struct tls *tls)
{
	must(tls == (void *)&fake_tls);
	return false;
}

FAKE(tls_module_path);
const char *__wrap_tls_module_path(const struct tls_server *server)
{
	must(server == (void *)&fake_server);
	return NULL;
}

void client_init(struct client *client, struct fuzz *fuzz)
{
	unsigned flags = fuzz_octet(fuzz);

	*client = (struct client){.dice = fuzz};
	client->manner = (enum client_manner)((flags & 3) % 3);
	client->network = flags & 4;
	client->local = flags & 8;
	client->pipe = !client->network;
	client->has_tls = flags & 16;
	client->fails_at_tls = flags & 32;
	client->has_loaded = client->has_tls && !(flags & 64);
	client->cannot_load = !client->has_loaded && flags & 128;
	fuzz->chance = fuzz_octet(fuzz);
	fuzz_add(&client->in, fuzz->at, fuzz->len);
	fuzz_add(&client->out, "", 0);
}

void client_done(struct client *client)
{
	fuzz_done(&client->in);
	fuzz_done(&client->out);
}

void client_run(struct client *client, const struct session_program *program,
	const struct session_service *service, const struct conf *conf)
{
	struct session_tls tls = {
		.server = client->has_tls ? (void *)&fake_server : NULL,
		.wanted = client->has_tls,
		.loaded = client->has_loaded,
	};
	const struct session_start start = {
		.program = program, .service = service, .conf = conf, .tls = &tls};
	int ready = open("/dev/null", O_RDWR | O_CLOEXEC); /* poll(2) never waits for it */

	must(ready >= 0);
	current = client;
	(void)program->run(&start, ready, ready);
	current = NULL;
	close(ready);
}

size_t client_position(void)
{
	return current->given - (current_stream->end - current_stream->begin);
}

const struct conf *client_conf(void)
{
	static const struct setting rows[] = {
		{"server", "hostname", "mail.example.org"},
		{"server", "domains", "example.org, localhost"},
		{"auth", "plaintext", "local"},
		{"smtp", "max_message_size", "4096"},
		{"smtp", "max_recipients", "5"},
		{"limits", "received", "5"},
		{"limits", "transactions", "10"},
		{"limits", "junk_commands", "30"},
		{0},
	};
	static struct conf made;

	if (!made.hostname)
		settings_make(&made, rows);
	return &made;
}

int client_line(
	const struct client *client, size_t at, size_t max, bool strict, size_t *len, size_t *next)
{
	const char *text = client->in.at + at;
	size_t left = client->in.len - at;
	const char *lf = memchr(text, '\n', left);
	size_t whole = lf ? (size_t)(lf - text) + 1 : left;

	*next = at + whole;
	*len = lf ? whole - 1 : whole;
	if (!lf)
		return STREAM_EOF;
	if (whole > max)
		return STREAM_TOO_LONG;
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

/*
 * What a client says to log in (mail/sasl.h, mail/base64.h): AUTH's argument, and the lines of the
 * exchange. Whatever it is, a user and a password come of it only where the client has sent just
 * these; neither of them can be cut short or end a line.
 */
#include "fuzz.h"
#include "mail/base64.h"
#include "mail/sasl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BOTH (SASL_PLAIN | SASL_LOGIN)

static void encode(const char *text, size_t len, struct fuzz_sink *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < len; at += 3) {
		unsigned char octets[3] = {0};
		size_t part = len - at < 3 ? len - at : 3;
		unsigned bits;

		memcpy(octets, text + at, part);
		bits = (unsigned)octets[0] << 16 | (unsigned)octets[1] << 8 | octets[2];
		for (size_t i = 0; i < 4; i++)
			fuzz_add(out, i <= part ? &letters[bits >> (18 - 6 * i) & 63] : "=", 1);
	}
}

/* What is decoded is what it was made of, and there is one way alone to write it. */
static void check_base64(const struct fuzz_text *in)
{
	struct fuzz_sink text = {0}, again = {0};
	struct fuzz_text octets;
	size_t len;

	encode(in->at, in->len, &text);
	octets = fuzz_copy(in->at, in->len);
	free(octets.at);
	octets.at = malloc(BASE64_OCTETS(text.len) + 1);
	must(octets.at && base64_decode(text.at, text.len, octets.at, &len) == 0);
	must(len == in->len && memcmp(octets.at, in->at, len) == 0);
	fuzz_free(&octets);
	octets.at = malloc(BASE64_OCTETS(in->len) + 1);
	must(octets.at != NULL);
	if (base64_decode(in->at, in->len, octets.at, &len) == 0) {
		encode(octets.at, len, &again);
		must(fuzz_is(&again, in->at, in->len));
	}
	fuzz_free(&octets);
	fuzz_done(&text);
	fuzz_done(&again);
}

/* The message of a line: its base64 undone, or nothing. */
static bool message_of(const char *line, size_t len, struct fuzz_sink *out)
{
	size_t got;
	char *octets = malloc(len + 1);
	bool good;

	must(octets != NULL);
	good = base64_decode(line, len, octets, &got) == 0;
	if (good)
		fuzz_add(out, octets, got);
	free(octets);
	return good;
}

static bool is_field(const char *field, size_t size, const char *at, size_t len)
{
	must(memchr(field, 0, size));
	return strlen(field) == len && memcmp(field, at, len) == 0;
}

/* PLAIN is done: the message is [user] NUL user NUL password, to the octet. */
static void check_plain(const struct sasl *sasl, const struct fuzz_sink *message)
{
	const char *end = message->at + message->len;
	const char *user = memchr(message->at, 0, message->len);
	const char *password = user ? memchr(user + 1, 0, (size_t)(end - user - 1)) : NULL;
	size_t authorize_len = user ? (size_t)(user - message->at) : 0;
	size_t user_len;

	must(user && password);
	user++;
	password++;
	user_len = (size_t)(password - 1 - user);
	must(is_field(sasl->user, sizeof(sasl->user), user, user_len));
	must(is_field(sasl->password, sizeof(sasl->password), password, (size_t)(end - password)));
	must(user_len > 0 && password < end);
	must(authorize_len == 0 ||
		is_field(sasl->user, sizeof(sasl->user), message->at, authorize_len));
}

static void check_fields(const struct sasl *sasl, enum sasl_step step)
{
	must(memchr(sasl->user, 0, sizeof(sasl->user)));
	must(memchr(sasl->password, 0, sizeof(sasl->password)));
	must(fuzz_is_printable(sasl->user, strlen(sasl->user), false));
	must(fuzz_is_printable(sasl->password, strlen(sasl->password), false));
	must(step == SASL_DONE ? *sasl->user && *sasl->password : !*sasl->password);
}

struct exchange {
	struct sasl sasl;
	struct fuzz_sink first; /* LOGIN: the message with the name */
};

/* One step was made with this line (NULL: there was no message in it). */
static void check_step(struct exchange *exchange, enum sasl_step step, const char *line, size_t len)
{
	struct sasl *sasl = &exchange->sasl;
	struct fuzz_sink message = {0};
	bool good = line && message_of(line, len, &message);

	check_fields(sasl, step);
	if (step == SASL_DONE && sasl->mechanism == SASL_PLAIN) {
		must(good);
		check_plain(sasl, &message);
	}
	if (step == SASL_DONE && sasl->mechanism == SASL_LOGIN) {
		must(good &&
			is_field(sasl->password, sizeof(sasl->password), message.at, message.len));
		must(is_field(
			sasl->user, sizeof(sasl->user), exchange->first.at, exchange->first.len));
	}
	if (step == SASL_CHALLENGE && good) {
		must(sasl->mechanism == SASL_LOGIN);
		fuzz_add(&exchange->first, message.at, message.len);
	}
	must(step != SASL_REFUSED || good);
	must(step != SASL_UNKNOWN || !line);
	fuzz_done(&message);
}

/* The next line; in plain text if that is wanted, and then it becomes base64. */
static struct fuzz_text next_line(struct fuzz *fuzz, bool plain, const char *front)
{
	const char *lf = fuzz->len ? memchr(fuzz->at, '\n', fuzz->len) : NULL;
	size_t len = lf ? (size_t)(lf - fuzz->at) : fuzz->len;
	struct fuzz_sink line = {0};
	struct fuzz_text text;

	fuzz_add(&line, front, strlen(front));
	if (plain)
		encode(fuzz->at, len, &line);
	else
		fuzz_add(&line, fuzz->at, len);
	fuzz->at += len + (lf != NULL);
	fuzz->len -= len + (lf != NULL);
	text = fuzz_copy(line.at, line.len);
	fuzz_done(&line);
	return text;
}

static enum sasl_step begin(
	struct exchange *exchange, unsigned mechanisms, const struct fuzz_text *argument)
{
	enum sasl_step step = sasl_begin(&exchange->sasl, mechanisms, argument->at, argument->len);
	const char *space = memchr(argument->at, ' ', argument->len);
	size_t name_len = space ? (size_t)(space - argument->at) : argument->len;
	size_t len = argument->len;
	const char *line = space ? space + 1 : NULL;

	while (len > 0 && argument->at[len - 1] == ' ')
		len--;
	if (line >= argument->at + len)
		line = NULL;
	len -= line ? (size_t)(line - argument->at) : 0;
	if (step == SASL_UNKNOWN)
		return step;
	must(exchange->sasl.mechanism & mechanisms);
	must(name_len == 5 &&
		strncasecmp(exchange->sasl.mechanism == SASL_PLAIN ? "PLAIN" : "LOGIN",
			argument->at, 5) == 0);
	must(step != SASL_CHALLENGE || exchange->sasl.challenge);
	must(line || step == SASL_CHALLENGE);
	if (line)
		check_step(exchange, step, line, len == 1 && *line == '=' ? 0 : len);
	return step;
}

static void exchange_all(struct fuzz *fuzz, unsigned mechanisms, bool plain, const char *front)
{
	struct exchange exchange = {0};
	struct fuzz_text line = next_line(fuzz, plain && *front, front);
	enum sasl_step step;
	int lines = 0;

	fuzz_add(&exchange.first, "", 0);
	step = begin(&exchange, mechanisms, &line);
	while (step == SASL_CHALLENGE) {
		must(++lines <= 2); /* then it must have come to an end */
		fuzz_free(&line);
		line = next_line(fuzz, plain, "");
		step = sasl_continue(&exchange.sasl, line.at, line.len);
		must((step == SASL_CANCELLED) == (line.len == 1 && *line.at == '*'));
		check_step(&exchange, step, line.at, line.len);
	}
	fuzz_free(&line);
	sasl_done(&exchange.sasl);
	must(!*exchange.sasl.user && !*exchange.sasl.password);
	fuzz_done(&exchange.first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const fronts[] = {"", "PLAIN ", "login ", "LOGIN", "PLAIN", "plain ="};
	struct fuzz_text all;
	struct fuzz fuzz;
	unsigned flags;
	const char *front;

	fuzz_init(&fuzz, data, size);
	flags = fuzz_octet(&fuzz);
	front = fronts[fuzz_octet(&fuzz) % 6];
	all = fuzz_copy(fuzz.at, fuzz.len);
	check_base64(&all);
	fuzz_free(&all);
	exchange_all(&fuzz, flags & BOTH, flags & 4, front);
	return 0;
}

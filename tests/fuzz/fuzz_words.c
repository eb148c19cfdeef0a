/*
 * What is only a word: a command's verb in each of the tables (mail/verb.h), numbers
 * (base/num.h), an address in the environment (io/peer.h), a name that may stand for a user
 * (account/account.h).
 */
#include "account/account.h"
#include "base/num.h"
#include "fuzz.h"
#include "io/peer.h"
#include "pop3-session/pop3_session.h"
#include "smtp-session/smtp_session.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void check_verb(
	const struct verb *table, const struct fuzz_text *in, unsigned state, unsigned has)
{
	struct verb_call call;
	enum verb_verdict verdict = verb_find(table, in->at, in->len, state, has, &call);
	size_t len = 0;

	while (len < in->len && in->at[len] != ' ')
		len++;
	if (verdict == VERB_UNKNOWN) {
		for (; table->name; table++)
			must(len != strlen(table->name) ||
				strncasecmp(table->name, in->at, len) != 0);
		return;
	}
	must(len == strlen(call.verb->name) && strncasecmp(call.verb->name, in->at, len) == 0);
	must(call.argument_len == (len < in->len ? in->len - len - 1 : 0));
	must(call.argument_len == 0 || call.argument == in->at + len + 1);
	must(verdict != VERB_OK || (call.verb->states & state));
	must(verdict != VERB_OK || !(call.verb->flags & VERB_NEEDS & ~has));
}

static void check_verbs(const struct fuzz_text *in, unsigned state, unsigned has)
{
	check_verb(smtp_verbs, in, state, has);
	check_verb(submission_verbs, in, state, has);
	check_verb(lmtp_verbs, in, state, has);
	check_verb(pop3_verbs, in, state, has);
}

/* Digits only; -1: it is none, -2: more than max. */
static int naive_number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	unsigned __int128 value = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return value > max ? -ERANGE : -EINVAL;
		if (value <= max)
			value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = (uint64_t)value;
	return value > max ? -ERANGE : 0;
}

static void check_number(const char *text, size_t len, uint64_t max)
{
	uint64_t got = 0, want = 0;
	int err = num_parse(text, len, max, &got);

	must(err == naive_number(text, len, max, &want));
	must(err < 0 || (got == want && got <= max));
}

static void check_suffix(const char *text, uint64_t max)
{
	uint64_t value;

	must(num_parse_size(text, max, &value) < 0 || value <= max);
	must(num_parse_seconds(text, max, &value) < 0 || value <= max);
}

static bool is_numeric(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* Whoever has a wrapper in front is no pipe, and only a numeric address is believed. */
static void check_peer(const char *text)
{
	char source[PEER_ADDRESS_SIZE];
	struct peer peer;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	must(null >= 0 && setenv("TCPREMOTEIP", text, 1) == 0);
	peer_learn(&peer, null, null);
	close(null);
	must(peer.network && !peer.pipe);
	must(strncmp(peer.address, "::ffff:", 7) != 0 || strchr(peer.address + 7, ':'));
	must(is_numeric(text) ? is_numeric(peer.address) : strcmp(peer.address, "unknown") == 0);
	must(!peer.local || is_numeric(text));
	peer_source(peer.address, source);
	must(strlen(source) < sizeof(source) && is_numeric(source) == is_numeric(peer.address));
	peer_source(text, source); /* no caller does, yet nothing bad may come of it */
	must(memchr(source, 0, sizeof(source)));
}

static void check_name(const char *text)
{
	size_t len = strlen(text);

	if (!account_name_ok(text))
		return;
	must(len > 0 && len < ACCOUNT_NAME_MAX && fuzz_is_printable(text, len, true));
	must(!strpbrk(text, "/\\:%*?!|;&$`'\"<>()[]{}~#, ") && !strstr(text, ".."));
	must(*text != '.' && *text != '-');
	must(len < 5 || strcasecmp(text + len - 5, ".lock") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;
	struct fuzz_text in;
	unsigned state, has;
	uint64_t max;
	char *text;

	fuzz_init(&fuzz, data, size);
	state = 1u << (fuzz_octet(&fuzz) & 3);
	has = fuzz_octet(&fuzz) << 4 & VERB_NEEDS;
	max = fuzz_octet(&fuzz);
	max = max & 1 ? UINT64_MAX >> (max >> 2) : max;
	in = fuzz_rest(&fuzz);
	text = fuzz_string(&in);
	check_verbs(&in, state, has);
	check_number(in.at, in.len, max);
	check_suffix(text, max);
	check_peer(text);
	check_name(text);
	free(text);
	fuzz_free(&in);
	return 0;
}

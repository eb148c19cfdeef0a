/* Base64 by the letter; PLAIN and LOGIN from the wire's text to a name and a password. */
#include "mail/base64.h"
#include "mail/sasl.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

static void test_base64(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *octets;
		size_t len;
	} examples[] = {
		/* RFC 4648 section 10 */
		{"", 0, "", 0},
		{"Zg==", 0, "f", 1},
		{"Zm8=", 0, "fo", 2},
		{"Zm9v", 0, "foo", 3},
		{"Zm9vYg==", 0, "foob", 4},
		{"Zm9vYmE=", 0, "fooba", 5},
		{"Zm9vYmFy", 0, "foobar", 6},
		{"AAAA", 0, "\0\0\0", 3},
		{"AA==", 0, "\0", 1},
		{"//79", 0, "\xff\xfe\xfd", 3},
		{"+/+/", 0, "\xfb\xff\xbf", 3},
		/* padding: missing, too much, in the middle */
		{"Zg", -EINVAL, NULL, 0},
		{"Zg=", -EINVAL, NULL, 0},
		{"Z===", -EINVAL, NULL, 0},
		{"====", -EINVAL, NULL, 0},
		{"=", -EINVAL, NULL, 0},
		{"==", -EINVAL, NULL, 0},
		{"Zm9v====", -EINVAL, NULL, 0},
		{"Zg==Zg==", -EINVAL, NULL, 0},
		{"Zm8=Zm8=", -EINVAL, NULL, 0},
		{"Z=g=", -EINVAL, NULL, 0},
		{"Zg==\n", -EINVAL, NULL, 0},
		/* bits that belong to no octet (section 3.5) */
		{"Zh==", -EINVAL, NULL, 0},
		{"Zm9=", -EINVAL, NULL, 0},
		{"AB==", -EINVAL, NULL, 0},
		{"AAB=", -EINVAL, NULL, 0},
		/* characters outside the alphabet (section 3.3) */
		{"Zm9 ", -EINVAL, NULL, 0},
		{" Zm9v", -EINVAL, NULL, 0},
		{"Zm\n9", -EINVAL, NULL, 0},
		{"-_-_", -EINVAL, NULL, 0},
		{"Zm9\x80", -EINVAL, NULL, 0},
		{"Zm9v*", -EINVAL, NULL, 0},
		{"****", -EINVAL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		char out[16] = "";
		size_t len = 99;
		int err = base64_decode(examples[i].text, strlen(examples[i].text), out, &len);

		if (err != examples[i].err)
			fail_msg("\"%s\": %d", examples[i].text, err);
		if (err < 0)
			continue;
		assert_int_equal(len, examples[i].len);
		assert_memory_equal(out, examples[i].octets, len);
	}
}

static void test_base64_nul(void **state)
{
	char out[8];
	size_t len;

	(void)state;
	assert_int_equal(base64_decode("Zm9\0", 4, out, &len), -EINVAL);
	assert_int_equal(base64_decode("\0\0\0\0", 4, out, &len), -EINVAL);
}

static void encode(const char *in, size_t len, char *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < len; at += 3) {
		unsigned bits = 0;

		for (size_t i = 0; i < 3; i++)
			bits = bits << 8 | (at + i < len ? (unsigned char)in[at + i] : 0);
		for (size_t i = 0; i < 4; i++)
			*out++ = at + i > len ? '=' : alphabet[bits >> (18 - 6 * i) & 63];
	}
	*out = '\0';
}

/* Every text of one, two and three octets comes back, and no other spelling means the same. */
static void test_base64_one_spelling(void **state)
{
	(void)state;
	for (unsigned octets = 0; octets < 1U << 16; octets++) {
		const char in[2] = {(char)(octets >> 8), (char)octets};
		char text[8];
		char out[3];
		size_t len;

		encode(in, 2, text);
		assert_int_equal(base64_decode(text, 4, out, &len), 0);
		assert_int_equal(len, 2);
		assert_memory_equal(out, in, 2);
		text[2] ^= 1; /* another letter of the same case, mostly: never the same octets */
		if (base64_decode(text, 4, out, &len) == 0)
			assert_false(len == 2 && memcmp(out, in, 2) == 0);
	}
}

/* One exchange: AUTH's argument, then what the client says to each challenge. */
struct exchange {
	const char *argument;
	const char *lines[3];
	enum sasl_step steps[4];
	const char *challenge; /* NULL: not looked at */
	const char *user;
	const char *password; /* where it ended in SASL_DONE */
};

#define BOTH (SASL_PLAIN | SASL_LOGIN)

static void check_exchange(const struct exchange *exchange)
{
	struct sasl sasl;
	enum sasl_step step =
		sasl_begin(&sasl, BOTH, exchange->argument, strlen(exchange->argument));

	for (size_t i = 0;; i++) {
		if (step != exchange->steps[i])
			fail_msg("%s, step %zu: %d", exchange->argument, i, (int)step);
		if (step == SASL_CHALLENGE && exchange->challenge)
			assert_string_equal(sasl.challenge, exchange->challenge);
		if (i == COUNT(exchange->lines) || !exchange->lines[i])
			break;
		step = sasl_continue(&sasl, exchange->lines[i], strlen(exchange->lines[i]));
	}
	if (exchange->user)
		assert_string_equal(sasl.user, exchange->user);
	assert_string_equal(sasl.password, exchange->password ? exchange->password : "");
	sasl_done(&sasl);
	for (size_t i = 0; i < sizeof(sasl); i++)
		assert_int_equal(((const char *)&sasl)[i], 0);
}

static void test_exchanges(void **state)
{
	static const struct exchange exchanges[] = {
		/* RFC 4616 section 4's example, and its parts */
		{"PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm", {0}, {SASL_DONE}, NULL, "tim",
			"tanstaaftanstaaf"},
		{"plain AHRpbQB0YW5zdGFhZnRhbnN0YWFm", {0}, {SASL_DONE}, NULL, "tim",
			"tanstaaftanstaaf"},
		{"PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm  ", {0}, {SASL_DONE}, NULL, "tim",
			"tanstaaftanstaaf"},
		{"PLAIN", {"AHRpbQB0YW5zdGFhZnRhbnN0YWFm"}, {SASL_CHALLENGE, SASL_DONE}, "", "tim",
			"tanstaaftanstaaf"},
		{"PLAIN ", {"AHRpbQB0YW5zdGFhZnRhbnN0YWFm"}, {SASL_CHALLENGE, SASL_DONE}, "", "tim",
			"tanstaaftanstaaf"},
		/* "a\0a\0b": acting for oneself; "b\0a\0b", "A\0a\0b", "aa\0a\0b": for another */
		{"PLAIN YQBhAGI=", {0}, {SASL_DONE}, NULL, "a", "b"},
		{"PLAIN YgBhAGI=", {0}, {SASL_REFUSED}, NULL, "a", NULL},
		{"PLAIN QQBhAGI=", {0}, {SASL_REFUSED}, NULL, "a", NULL},
		{"PLAIN YWEAYQBi", {0}, {SASL_REFUSED}, NULL, "a", NULL},
		/* an empty message; "", "a", "\0", "\0a", "\0\0", "\0\0b", "\0a\0", "a\0\0b" */
		{"PLAIN =", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN", {""}, {SASL_CHALLENGE, SASL_MALFORMED}, "", "", NULL},
		{"PLAIN YQ==", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN AA==", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN AGE=", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN AAA=", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN AABi", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN AGEA", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN YQAAYg==", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		/* "\0a\0b\0", "\0a\0b\0c": a fourth part */
		{"PLAIN AGEAYgA=", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN AGEAYgBj", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		/* "\0a\r\0b", "\0a\0b\n", "\0a\0\x7f": control characters */
		{"PLAIN AGENAGI=", {0}, {SASL_REFUSED}, NULL, "", NULL},
		{"PLAIN AGEAYgo=", {0}, {SASL_REFUSED}, NULL, "a", NULL},
		{"PLAIN AGEAfw==", {0}, {SASL_REFUSED}, NULL, "a", NULL},
		/* octets above 0x7f are somebody's letters: "\0\xc3\xa4\0\xe4" */
		{"PLAIN AMOkAOQ=", {0}, {SASL_DONE}, NULL, "\xc3\xa4", "\xe4"},
		/* no base64; "=" means nothing but in an initial response, "*" nothing in one */
		{"PLAIN YQBhAGI", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN  AHRpbQB0YW5zdGFhZnRhbnN0YWFm", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN YQBh AGI=", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN *", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN ==", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"PLAIN", {"="}, {SASL_CHALLENGE, SASL_MALFORMED}, "", "", NULL},
		{"PLAIN", {"AHRpbQB0YW5zdGFhZnRhbnN0YWFm "}, {SASL_CHALLENGE, SASL_MALFORMED}, "",
			"", NULL},
		{"PLAIN", {"*"}, {SASL_CHALLENGE, SASL_CANCELLED}, "", "", NULL},
		{"PLAIN", {"**"}, {SASL_CHALLENGE, SASL_MALFORMED}, "", "", NULL},
		/* LOGIN */
		{"LOGIN", {"dGlt", "cHc="}, {SASL_CHALLENGE, SASL_CHALLENGE, SASL_DONE}, NULL,
			"tim", "pw"},
		{"login", {0}, {SASL_CHALLENGE}, "VXNlcm5hbWU6", "", NULL},
		{"LOGIN dGlt", {0}, {SASL_CHALLENGE}, "UGFzc3dvcmQ6", "tim", NULL},
		{"LOGIN dGlt", {"cHc="}, {SASL_CHALLENGE, SASL_DONE}, NULL, "tim", "pw"},
		{"LOGIN =", {0}, {SASL_MALFORMED}, NULL, "", NULL},
		{"LOGIN", {""}, {SASL_CHALLENGE, SASL_MALFORMED}, NULL, "", NULL},
		{"LOGIN dGlt", {""}, {SASL_CHALLENGE, SASL_MALFORMED}, NULL, "tim", NULL},
		{"LOGIN", {"*"}, {SASL_CHALLENGE, SASL_CANCELLED}, NULL, "", NULL},
		{"LOGIN dGlt", {"*"}, {SASL_CHALLENGE, SASL_CANCELLED}, NULL, "tim", NULL},
		{"LOGIN dGlt", {"cHc"}, {SASL_CHALLENGE, SASL_MALFORMED}, NULL, "tim", NULL},
		/* "t\0m", "tim\n" as a name; "p\0w" as a password */
		{"LOGIN dABt", {0}, {SASL_REFUSED}, NULL, "", NULL},
		{"LOGIN dGltCg==", {0}, {SASL_REFUSED}, NULL, "", NULL},
		{"LOGIN dGlt", {"cAB3"}, {SASL_CHALLENGE, SASL_REFUSED}, NULL, "tim", NULL},
		/* others, or none */
		{"CRAM-MD5", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{"PLAINER", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{"PLAI", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{"PLAIN\tAHRpbQB0YW5zdGFhZnRhbnN0YWFm", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{" PLAIN", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{"=", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{"*", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{"", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
		{" ", {0}, {SASL_UNKNOWN}, NULL, "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(exchanges); i++)
		check_exchange(&exchanges[i]);
}

static void test_offer(void **state)
{
	struct sasl sasl;

	(void)state;
	assert_int_equal(sasl_begin(&sasl, SASL_PLAIN, "LOGIN", 5), SASL_UNKNOWN);
	assert_int_equal(sasl_begin(&sasl, SASL_LOGIN, "PLAIN AGEAYg==", 14), SASL_UNKNOWN);
	assert_int_equal(sasl_begin(&sasl, 0, "PLAIN", 5), SASL_UNKNOWN);
	assert_int_equal(sasl_begin(&sasl, SASL_PLAIN, "PLAIN", 5), SASL_CHALLENGE);
}

/* PLAIN with a name and a password of these lengths. */
static enum sasl_step try_lengths(struct sasl *sasl, size_t user, size_t password)
{
	static char message[2 * SASL_LINE_MAX];
	static char text[4 * SASL_LINE_MAX];

	memset(message, 'x', sizeof(message));
	message[0] = '\0';
	message[1 + user] = '\0';
	encode(message, user + password + 2, text);
	assert_int_equal(sasl_begin(sasl, BOTH, "PLAIN", 5), SASL_CHALLENGE);
	return sasl_continue(sasl, text, strlen(text));
}

static void test_lengths(void **state)
{
	struct sasl sasl;

	(void)state;
	assert_int_equal(try_lengths(&sasl, SASL_NAME_SIZE - 1, SASL_PASSWORD_SIZE - 1), SASL_DONE);
	assert_int_equal(strlen(sasl.user), SASL_NAME_SIZE - 1);
	assert_int_equal(strlen(sasl.password), SASL_PASSWORD_SIZE - 1);
	assert_int_equal(try_lengths(&sasl, SASL_NAME_SIZE, 1), SASL_REFUSED);
	assert_int_equal(try_lengths(&sasl, 1, SASL_PASSWORD_SIZE), SASL_REFUSED);
	assert_string_equal(sasl.password, "");
	/* 12288 characters and no more, if anybody hands us such a line */
	assert_int_equal(try_lengths(&sasl, 1, 9216 - 3), SASL_REFUSED);
	assert_int_equal(try_lengths(&sasl, 1, 9216 - 2), SASL_MALFORMED);
}

/* An exchange that has ended does not go on. */
static void test_ended(void **state)
{
	struct sasl sasl;

	(void)state;
	assert_int_equal(sasl_begin(&sasl, BOTH, "PLAIN", 5), SASL_CHALLENGE);
	sasl_done(&sasl);
	assert_int_equal(sasl_continue(&sasl, "AGEAYg==", 8), SASL_MALFORMED);
	assert_int_equal(sasl_begin(&sasl, BOTH, "CRAM-MD5", 8), SASL_UNKNOWN);
	assert_int_equal(sasl_continue(&sasl, "AGEAYg==", 8), SASL_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_nul),
		cmocka_unit_test(test_base64_one_spelling),
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The verb table's gate, the header pull-parser, the trace field. */
#include "mail/header.h"
#include "mail/trace.h"
#include "mail/verb.h"
#include "unit.h"

#include <string.h>

static int nothing(void *session, const char *argument, size_t len)
{
	(void)session;
	(void)argument;
	(void)len;
	return 0;
}

static const struct verb table[] = {
	{"NOOP", nothing, 3, 0, NULL, "NOOP"},
	{"RSET", nothing, 2, VERB_NO_ARGUMENT, NULL, "RSET"},
	{"MAIL", nothing, 3, VERB_NEEDS_ARGUMENT, NULL, "MAIL x"},
	{0},
};

static void test_verb(void **state)
{
	static const struct {
		const char *line;
		unsigned state;
		enum verb_verdict verdict;
		const char *argument;
	} examples[] = {
		{"NOOP", 1, VERB_OK, ""},
		{"noop x y", 1, VERB_OK, "x y"},
		{"NoOp  x", 1, VERB_OK, " x"},
		{"RSET", 1, VERB_BAD_STATE, ""},
		{"RSET", 2, VERB_OK, ""},
		{"RSET  ", 2, VERB_OK, " "},
		{"RSET x", 2, VERB_BAD_SYNTAX, "x"},
		{"MAIL", 1, VERB_BAD_SYNTAX, ""},
		{"MAIL ", 1, VERB_BAD_SYNTAX, ""},
		{"NOO", 1, VERB_UNKNOWN, ""},
		{"NOOPS", 1, VERB_UNKNOWN, ""},
		{"", 1, VERB_UNKNOWN, ""},
		{" NOOP", 1, VERB_UNKNOWN, ""},
		{"NOOP\tx", 1, VERB_UNKNOWN, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct verb_call call;

		if (verb_find(table, examples[i].line, strlen(examples[i].line), examples[i].state,
			    0, &call) != examples[i].verdict)
			fail_msg("\"%s\" in %u", examples[i].line, examples[i].state);
		assert_int_equal(call.argument_len, strlen(examples[i].argument));
		assert_memory_equal(call.argument, examples[i].argument, call.argument_len);
	}
}

static const struct verb gates[] = {
	{"AUTH", nothing, 1, VERB_NEEDS_ARGUMENT | VERB_NEEDS_PRIVACY | VERB_NEEDS_NOBODY, NULL,
		"AUTH x"},
	{"STARTTLS", nothing, 1,
		VERB_NO_ARGUMENT | VERB_NEEDS_TLS | VERB_NEEDS_CLEAR | VERB_NEEDS_NOBODY, NULL,
		"STARTTLS"},
	{"MAIL", nothing, 1, VERB_NEEDS_LOGIN, NULL, "MAIL"},
	{0},
};

/* What a peer is told first of all that is wrong; and what it is offered at all. */
static void test_gates(void **state)
{
	enum { CLEAR = VERB_NEEDS_CLEAR, TLS = VERB_NEEDS_TLS, NOBODY = VERB_NEEDS_NOBODY };
	static const struct {
		const char *line;
		unsigned state;
		unsigned has;
		enum verb_verdict verdict;
		bool offered;
	} examples[] = {
		{"AUTH x", 1, NOBODY | VERB_NEEDS_PRIVACY, VERB_OK, true},
		{"AUTH x", 1, NOBODY, VERB_NOT_PRIVATE, false},
		{"AUTH x", 2, NOBODY, VERB_BAD_STATE, false},
		{"AUTH x", 1, VERB_NEEDS_PRIVACY, VERB_BAD_STATE, false},
		{"AUTH x", 1, 0, VERB_BAD_STATE, false},
		{"AUTH", 1, NOBODY, VERB_NOT_PRIVATE, false},
		{"AUTH", 1, NOBODY | VERB_NEEDS_PRIVACY, VERB_BAD_SYNTAX, true},
		{"STARTTLS", 1, CLEAR | TLS | NOBODY, VERB_OK, true},
		{"STARTTLS", 1, CLEAR | NOBODY, VERB_NOT_HERE, false},
		{"STARTTLS", 1, TLS | NOBODY, VERB_BAD_STATE, false},
		{"STARTTLS", 1, CLEAR | TLS, VERB_BAD_STATE, false},
		{"STARTTLS", 1, 0, VERB_BAD_STATE, false},
		{"STARTTLS x", 1, TLS | NOBODY, VERB_BAD_STATE, false},
		{"STARTTLS x", 1, CLEAR | TLS | NOBODY, VERB_BAD_SYNTAX, true},
		{"MAIL", 1, NOBODY | VERB_NEEDS_PRIVACY, VERB_NOT_LOGGED_IN, true},
		{"MAIL", 1, VERB_NEEDS_LOGIN, VERB_OK, true},
		{"MAIL", 2, VERB_NEEDS_LOGIN, VERB_BAD_STATE, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct verb_call call;

		if (verb_find(gates, examples[i].line, strlen(examples[i].line), examples[i].state,
			    examples[i].has, &call) != examples[i].verdict ||
			verb_is_offered(call.verb, examples[i].has) != examples[i].offered)
			fail_msg("\"%s\" in %u with %x", examples[i].line, examples[i].state,
				examples[i].has);
	}
}

static void test_header(void **state)
{
	static const struct {
		const char *text;
		unsigned received;
		bool over;
	} examples[] = {
		{"Received: a\nReceived: b\n\nReceived: c\n", 2, true},
		{"received:a\nRECEIVED: b\n", 2, false},
		{"X-Received: a\nReceivedd: b\n Received: c\nReceive: d\n", 0, false},
		{"\nReceived: a\n", 0, true},
		{"Received", 0, false},
		{"Received:", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		for (size_t piece = 1; piece < 12; piece++) {
			struct header header;
			size_t len = strlen(examples[i].text);

			header_init(&header);
			for (size_t at = 0; at < len; at += piece)
				header_feed(&header, examples[i].text + at,
					piece < len - at ? piece : len - at);
			assert_int_equal(header.received, examples[i].received);
			assert_int_equal(header.over, examples[i].over);
		}
	}
}

static void test_trace(void **state)
{
	struct trace trace = {.helo = "x)\r\nX: y",
		.address = "2001:db8::1",
		.hostname = "mail.example.org",
		.protocol = "ESMTP",
		.id = "id1",
		.recipient = "a@b",
		.when = 1795525200};
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	assert_int_equal(trace_received(&buf, &trace), 0);
	assert_int_equal(buf_add(&buf, "", 1), 0);
	assert_non_null(strstr(buf.at, "from x???X:?y ([IPv6:2001:db8::1])\n"));
	assert_non_null(strstr(buf.at, "\tby mail.example.org with ESMTP id id1\n\tfor <a@b>;\n"));
	assert_null(strchr(buf.at, '\r'));
	assert_null(strstr(buf.at, "tls"));
	buf_drop(&buf, buf.len);
	trace.cipher_suite = "TLS_AES_256_GCM_SHA384";
	assert_int_equal(trace_received(&buf, &trace), 0);
	assert_int_equal(buf_add(&buf, "", 1), 0);
	assert_non_null(strstr(buf.at, "id id1\n\tfor <a@b>\n\ttls TLS_AES_256_GCM_SHA384;\n\t"));
	buf_done(&buf);
}

static void test_trace_protocol(void **state)
{
	(void)state;
	assert_string_equal(trace_protocol(TRACE_SMTP, false, false), "SMTP");
	assert_string_equal(trace_protocol(TRACE_SMTP, true, true), "SMTP");
	assert_string_equal(trace_protocol(TRACE_ESMTP, false, false), "ESMTP");
	assert_string_equal(trace_protocol(TRACE_ESMTP, true, false), "ESMTPS");
	assert_string_equal(trace_protocol(TRACE_ESMTP, false, true), "ESMTPA");
	assert_string_equal(trace_protocol(TRACE_ESMTP, true, true), "ESMTPSA");
	assert_string_equal(trace_protocol(TRACE_LMTP, false, false), "LMTP");
	assert_string_equal(trace_protocol(TRACE_LMTP, true, false), "LMTPS");
	assert_string_equal(trace_protocol(TRACE_LMTP, false, true), "LMTPA");
	assert_string_equal(trace_protocol(TRACE_LMTP, true, true), "LMTPSA");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verb),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_trace_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

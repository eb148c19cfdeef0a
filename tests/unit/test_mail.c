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
	buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verb),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

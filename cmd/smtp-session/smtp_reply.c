/*
 * smtp_reply - what is answered: the form of a reply, and the words for lines and commands that are
 * refused before any handler sees them.
 */
#include "smtp_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void smtp_say(struct smtp_session *session, int code, const char *status, const char *fmt, ...)
{
	char text[400]; /* RFC 5321 4.5.3.1.5: a reply line has 512 octets */
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (buf_addf(&session->answer, "%d %s%s%s\r\n", code, status, *status ? " " : "", text) < 0)
		session->broken = true;
	if (code >= 400 && session->failure.class == WHY_NONE)
		why_set(&session->failure, 0, code >= 500 ? WHY_PERM : WHY_TEMP, status, "%s",
			text);
	if (code >= 400)
		session->failed = true;
}

/* RFC 5321 4.2.2 and 4.2.3 for the code, RFC 3463 for the status that the failure came with. */
void smtp_say_why(struct smtp_session *session, const struct why *why)
{
	static const struct {
		const char *status;
		int code;
	} codes[] = {
		{"4.2.2", 452}, /* mailbox full */
		{"4.3.1", 452}, /* disk full */
		{"5.1.1", 550}, /* no such mailbox */
		{"5.3.4", 552}, /* message too big */
	};
	bool perm = why->class == WHY_PERM;
	int code = perm ? 554 : 451;

	session->failure = *why;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].status, why->status) == 0)
			code = codes[i].code;
	}
	if (perm)
		smtp_say(session, code, *why->status ? why->status : "5.0.0", "%s", why->text);
	else /* our own troubles are for our own log: paths and the like stay here */
		smtp_say(session, code, *why->status == '4' ? why->status : "4.3.0",
			"Not possible now; try again later");
}

/* Why a line is refused before any verb is looked for; some of it can't be gone on from. */
int smtp_say_bad_line(struct smtp_session *session, enum stream_event event)
{
	switch (event) {
	case STREAM_TOO_LONG: /* RFC 5321 4.5.3.1.9, RFC 4954 section 4 */
		smtp_say(session, 500, session->next ? "5.5.6" : "5.5.2", "The line is too long");
		return SMTP_GO_ON;
	case STREAM_BAD_NUL:
	case STREAM_BAD_CR:
	case STREAM_BAD_LF: /* RFC 5321 2.3.8 */
		session->ending = "bare CR, bare LF or NUL";
		smtp_say(session, 500, "5.5.2", "Lines end in CR LF, and hold no CR, LF or NUL");
		return SMTP_CLOSE;
	case STREAM_TIMEOUT: /* RFC 5321 4.5.3.2.7 */
		session->ending = "timeout";
		smtp_say(session, 421, "4.4.2", "%s: nothing was heard for too long",
			session->link.conf->hostname);
		return SMTP_CLOSE;
	case STREAM_ENDLESS:
		session->ending = "a line without end";
		smtp_say(session, 500, "5.5.2", "The line does not end");
		return SMTP_CLOSE;
	case STREAM_EOF:
		session->ending = "disconnected";
		return SMTP_CLOSE;
	case STREAM_ERROR:
	case STREAM_LINE:
		break;
	}
	session->ending = "connection broken";
	return SMTP_CLOSE;
}

/* A browser that was lured here: its request body is somebody else's choice of commands. */
static bool is_http(const char *line, size_t len)
{
	static const char *const methods[] = {
		"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t method_len = strlen(methods[i]);

		if (len > method_len && line[method_len] == ' ' &&
			strncasecmp(line, methods[i], method_len) == 0)
			return true;
	}
	return false;
}

int smtp_say_verdict(struct smtp_session *session, enum verb_verdict verdict,
	const struct verb_call *call, const char *line, size_t len)
{
	static const struct {
		int code;
		const char *status;
		const char *text; /* about the verb's name or usage */
	} replies[] = {
		[VERB_UNKNOWN] = {500, "5.5.1", "Command not recognized"},
		[VERB_BAD_STATE] = {503, "5.5.1", "%s is out of order here"},
		[VERB_NOT_HERE] = {502, "5.5.1", "%s is not possible on this server"},
		[VERB_NOT_PRIVATE] = {538, "5.7.11", "%s needs TLS here"}, /* RFC 4954 section 6 */
		[VERB_NOT_LOGGED_IN] = {530, "5.7.0", "%s is for those who have logged in"},
		[VERB_BAD_SYNTAX] = {501, "5.5.4", "Syntax: %s"},
	};
	const char *about = "";

	if (verdict == VERB_UNKNOWN && is_http(line, len)) {
		session->ending = "HTTP";
		smtp_say(session, 500, "5.5.1", "This is not a web server");
		return SMTP_CLOSE;
	}
	if (call->verb)
		about = verdict == VERB_BAD_SYNTAX ? call->verb->usage : call->verb->name;
	smtp_say(session, replies[verdict].code, replies[verdict].status, replies[verdict].text,
		about);
	return SMTP_GO_ON;
}

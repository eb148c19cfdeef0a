/* trace - see trace.h. */
#include "mail/trace.h"

#include "base/clock.h"

#include <ctype.h>
#include <string.h>

#define HELO_MAX 256

/* RFC 5321 4.1.2: Domain or address-literal. What is neither becomes "?", so that it can end no
 * comment or field. */
static void make_safe(char out[static HELO_MAX], const char *text)
{
	size_t len = 0;

	for (; *text && len < HELO_MAX - 1; text++)
		out[len++] = isalnum((unsigned char)*text) || strchr("-._:[]", *text) ? *text : '?';
	out[len] = '\0';
}

const char *trace_protocol(enum trace_form form, bool tls, bool login)
{
	static const char *const names[][2][2] = {
		[TRACE_SMTP] = {{"SMTP", "SMTP"}, {"SMTP", "SMTP"}},
		[TRACE_ESMTP] = {{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}},
		[TRACE_LMTP] = {{"LMTP", "LMTPA"}, {"LMTPS", "LMTPSA"}},
	};

	return names[form][tls][login];
}

int trace_received(struct buf *out, const struct trace *trace)
{
	char helo[HELO_MAX];
	char date[CLOCK_DATE_SIZE];
	int err;

	make_safe(helo, trace->helo);
	clock_date(trace->when, date);
	err = buf_addf(out, "Received: from %s ", *helo ? helo : "unknown");
	if (!err && trace->address)
		err = buf_addf(out, "([%s%s])\n", strchr(trace->address, ':') ? "IPv6:" : "",
			trace->address);
	else if (!err && trace->uid == (uid_t)-1)
		err = buf_addf(out, "(%s)\n", trace->origin);
	else if (!err)
		err = buf_addf(out, "(%s, uid %lu)\n", trace->origin, (unsigned long)trace->uid);
	if (!err)
		err = buf_addf(
			out, "\tby %s with %s id %s", trace->hostname, trace->protocol, trace->id);
	if (!err && trace->recipient)
		err = buf_addf(out, "\n\tfor <%s>", trace->recipient);
	if (!err && trace->cipher_suite) /* behind all of RFC 5321's own clauses (4.4) */
		err = buf_addf(out, "\n\ttls %s", trace->cipher_suite);
	if (!err)
		err = buf_addf(out, ";\n\t%s\n", date);
	return err;
}

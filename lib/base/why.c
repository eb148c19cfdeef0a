/* why - see why.h. Trusts its callers' formats; makes every text one printable line. */
#include "base/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void keep_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

int why_set(
	struct why *why, int err, enum why_class class, const char *status, const char *fmt, ...)
{
	va_list args;

	if (!why)
		return -err;
	memset(why, 0, sizeof(*why));
	why->class = class;
	snprintf(why->status, sizeof(why->status), "%s", status);
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	keep_printable(why->text);
	return -err;
}

int why_errno(struct why *why, int err, const char *subject, const char *what)
{
	const char *status = "4.3.0";

	if (err == ENOSPC)
		status = "4.3.1"; /* RFC 3463 3.4: mail system full */
	else if (err == EDQUOT)
		status = "4.2.2"; /* RFC 3463 3.3: mailbox full */
	return why_set(why, err, WHY_TEMP, status, "%s: %s: %s", subject, what, strerror(err));
}

/* mbox_from - see mbox_from.h. Takes bytes, trusts none of them, cannot fail. */
#include "mbox_from.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define SENDER_MAX 320 /* RFC 5321 4.5.3.1: 64 + 1 + 255 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_spaces(const char *at, const char *end)
{
	while (at < end && *at == ' ')
		at++;
	return at;
}

/* " 3 01:05" or "24 13:00": what follows a month's name. */
static bool is_day_and_time(const char *at, const char *end)
{
	const char *day = skip_spaces(at, end);

	if (day == at)
		return false;
	for (at = day; at < end && at < day + 2 && is_digit(*at);)
		at++;
	if (at == day || at == end || *at != ' ')
		return false;
	at = skip_spaces(at, end);
	if (end - at < 4 || !is_digit(*at++))
		return false;
	if (is_digit(*at))
		at++;
	return end - at >= 3 && at[0] == ':' && is_digit(at[1]) && is_digit(at[2]);
}

static bool is_month(const char at[static 3])
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (const char *month = months; *month; month += 3) {
		if (memcmp(at, month, 3) == 0)
			return true;
	}
	return false;
}

bool mbox_from_is_prefix(const char *line, size_t len)
{
	return len >= 5 && memcmp(line, "From ", 5) == 0;
}

bool mbox_from_is_line(const char *line, size_t len)
{
	const char *end = line + len;

	if (len > MBOX_FROM_MAX || !mbox_from_is_prefix(line, len))
		return false;
	for (const char *at = line + 4; end - at > 4; at++) {
		if (*at == ' ' && is_month(at + 1) && is_day_and_time(at + 4, end))
			return true;
	}
	return false;
}

size_t mbox_from_make(const char *sender, time_t when, char out[static MBOX_FROM_MAX])
{
	char word[SENDER_MAX + 1];
	char date[CLOCK_DATE_SIZE];
	size_t len = 0;

	for (; sender[len] && len < SENDER_MAX; len++) {
		unsigned char c = (unsigned char)sender[len];

		word[len] = c <= ' ' || c == 0x7f ? '-' : sender[len];
	}
	word[len] = '\0';
	clock_asctime(when, date);
	return (size_t)snprintf(
		out, MBOX_FROM_MAX, "From %s %s\n", len ? word : "MAILER-DAEMON", date);
}

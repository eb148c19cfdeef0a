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

/* Its number from 0, or -1. */
static int month_at(const char at[static 3])
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (const char *month = months; *month; month += 3) {
		if (memcmp(at, month, 3) == 0)
			return (int)(month - months) / 3;
	}
	return -1;
}

bool mbox_from_is_prefix(const char *line, size_t len)
{
	return len >= 5 && memcmp(line, "From ", 5) == 0;
}

/* Where the line's date begins, with its month; NULL: it is no From_ line. */
static const char *find_month(const char *line, size_t len)
{
	const char *end = line + len;

	if (len > MBOX_FROM_MAX || !mbox_from_is_prefix(line, len))
		return NULL;
	for (const char *at = line + 4; end - at > 4; at++) {
		if (*at == ' ' && month_at(at + 1) >= 0 && is_day_and_time(at + 4, end))
			return at + 1;
	}
	return NULL;
}

bool mbox_from_is_line(const char *line, size_t len)
{
	return find_month(line, len) != NULL;
}

/* The digits at *at, which moves behind them. */
static int take_number(const char **at, const char *end)
{
	int number = 0;

	for (; *at < end && is_digit(**at); (*at)++)
		number = number < 100000 ? number * 10 + (**at - '0') : number;
	return number;
}

/* Zones that RFC 5322 section 4.3 gives a meaning, in hours. */
static int zone_hours(const char *word, size_t len)
{
	static const char zones[] = "EDTESTCDTCSTMDTMSTPDTPST";

	for (size_t i = 0; len == 3 && i < sizeof(zones) - 1; i += 3) {
		if (memcmp(zones + i, word, 3) == 0)
			return -4 - (int)(i + 3) / 6;
	}
	return 0;
}

/* Behind the time: a year, and in front of or behind it a zone. Minutes east of UTC; the year, or
 * 0. */
static int take_zone_and_year(const char *at, const char *end, int *year)
{
	int east = 0;

	*year = 0;
	while ((at = skip_spaces(at, end)) < end) {
		const char *word = at;
		int number;

		while (at < end && *at != ' ')
			at++;
		if (at - word == 5 && (*word == '+' || *word == '-')) {
			const char *digits = word + 1;

			number = take_number(&digits, at);
			east = (number / 100 * 60 + number % 100) * (*word == '-' ? -1 : 1);
		} else if (at - word == 4 && is_digit(*word) && *year == 0) {
			*year = take_number(&word, at);
		} else if (zone_hours(word, (size_t)(at - word))) {
			east = zone_hours(word, (size_t)(at - word)) * 60;
		}
	}
	return east;
}

time_t mbox_from_time(const char *line, size_t len)
{
	const char *end = line + len;
	const char *at = find_month(line, len);
	struct tm tm = {0};
	int east;

	if (!at)
		return -1;
	tm.tm_mon = month_at(at);
	at = skip_spaces(at + 3, end);
	tm.tm_mday = take_number(&at, end);
	at = skip_spaces(at, end);
	tm.tm_hour = take_number(&at, end);
	at++; /* the colon, which a From_ line has */
	tm.tm_min = take_number(&at, end);
	if (at < end && *at == ':') {
		at++;
		tm.tm_sec = take_number(&at, end);
	}
	east = take_zone_and_year(at, end, &tm.tm_year);
	if (tm.tm_year < 1970)
		return -1;
	tm.tm_year -= 1900;
	return timegm(&tm) - (time_t)east * 60;
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

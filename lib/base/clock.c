/* clock - see clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

void clock_sleep_jitter(unsigned microseconds)
{
	unsigned dice = 0;
	unsigned span;
	struct timespec ts;

	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0)
		dice = (unsigned)clock_us();
	span = microseconds / 2 + dice % (microseconds / 2 + 1);
	ts.tv_sec = span / 1000000;
	ts.tv_nsec = (long)(span % 1000000) * 1000;
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* With TZ set, the C library doesn't look whether the zone's file is another one now. */
void clock_keep_zone(void)
{
	(void)setenv("TZ", "/etc/localtime", 0);
	tzset();
}

void clock_date(time_t when, char out[static CLOCK_DATE_SIZE])
{
	struct tm tm;
	long minutes;

	if (!localtime_r(&when, &tm)) {
		when = 0;
		gmtime_r(&when, &tm);
	}
	minutes = tm.tm_gmtoff / 60;
	snprintf(out, CLOCK_DATE_SIZE, "%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], 1900 + tm.tm_year, tm.tm_hour, tm.tm_min, tm.tm_sec,
		minutes < 0 ? '-' : '+', labs(minutes) / 60, labs(minutes) % 60);
}

void clock_asctime(time_t when, char out[static CLOCK_DATE_SIZE])
{
	struct tm tm;

	if (!gmtime_r(&when, &tm)) {
		when = 0;
		gmtime_r(&when, &tm);
	}
	snprintf(out, CLOCK_DATE_SIZE, "%s %s %2d %02d:%02d:%02d %d", days[tm.tm_wday],
		months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, 1900 + tm.tm_year);
}

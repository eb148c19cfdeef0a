/*
 * clock - time for deadlines (monotonic, milliseconds) and time for people (RFC 5322 dates).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds, or microseconds, since some fixed point in the past; never steps back. */
int64_t clock_ms(void);
int64_t clock_us(void);

/* Sleep for so many microseconds, half of them to all of them, by chance. For backing off. */
void clock_sleep_jitter(unsigned microseconds);

/* Read the time zone now, for good: later its file may be out of reach. Again costs nothing, in
 * children neither. */
void clock_keep_zone(void);

#define CLOCK_DATE_SIZE 64

/* RFC 5322 3.3: "Tue, 24 Nov 2026 13:00:00 +0000", in local time, in English whatever the locale.
 */
void clock_date(time_t when, char out[static CLOCK_DATE_SIZE]);

/* asctime's form, which mbox From_ lines carry: "Tue Nov 24 13:00:00 2026", in UTC. */
void clock_asctime(time_t when, char out[static CLOCK_DATE_SIZE]);

#endif

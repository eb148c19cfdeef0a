/*
 * mbox_from - the From_ line, which begins each message in an mbox: "From sender Tue Nov 24
 * 13:00:00 2026".
 */
#ifndef SPOOL_MBOX_FROM_H
#define SPOOL_MBOX_FROM_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define MBOX_FROM_MAX 1024 /* a longer line is none */

/* Does line[0..len) begin with "From "? */
bool mbox_from_is_prefix(const char *line, size_t len);

/*
 * Is line[0..len), without its line end, a From_ line? It begins with "From " and somewhere has
 * what looks like a date, as asctime() puts it: a month's name, a day, hh:mm. Loose, since programs
 * differ in zones, years and remarks; strict enough that "From the beginning" is text.
 */
bool mbox_from_is_line(const char *line, size_t len);

/*
 * When the message of a From_ line came, as far as that can be told: its date in the zone that it
 * names, UTC where it names none or one that is not known (RFC 4155). -1: it has no year, or no
 * date at all.
 */
time_t mbox_from_time(const char *line, size_t len);

/*
 * Write a From_ line with its LF, not NUL-terminated; returns its length. The sender comes from the
 * network: what is left of it is one word of at most 320 octets. "" becomes MAILER-DAEMON.
 */
size_t mbox_from_make(const char *sender, time_t when, char out[static MBOX_FROM_MAX]);

#endif

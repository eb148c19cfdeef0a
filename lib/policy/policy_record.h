/*
 * policy_record - one counter of failed log-ins, which leaks: as time goes by, one failure after
 * the other is forgotten.
 *
 * A record comes from a file that may be damaged, and from a clock that may have been set. So a
 * time in the future counts as now, and a count over the limit as the limit: whatever stands in a
 * record, one failure is forgotten within forget_seconds, and nobody is shut out for longer.
 *
 * Times are seconds of CLOCK_REALTIME.
 */
#ifndef POLICY_POLICY_RECORD_H
#define POLICY_POLICY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/* As it lies in the table. The host's own byte order: the form tells if that is another. */
struct policy_record {
	uint32_t form;
	uint32_t count; /* failures that are not forgotten */
	int64_t since;  /* when the time began in which the next one is forgotten */
	int64_t known;  /* when this user last logged in from this source; 0: never */
	int64_t used;   /* when something was last counted here */
};

/* From a quarter of the limit on each further attempt waits longer before it is looked at; the last
 * one before the limit waits so long: no mail client gives up within it. */
#define POLICY_DELAY_MS 15000

/* How long a user is known where he logged in: who reads mail there does so within a month. */
#define POLICY_KNOWN_SECONDS 2592000 /* 30 days */

void policy_record_init(struct policy_record *record, int64_t now);

/* Could this have been written by us? */
bool policy_record_is_sound(const struct policy_record *record);

/* Forget what is to be forgotten by now. limit and forget_seconds: at least 1. true: a time in it
 * was in the future, and is now; if that is not kept, it will be there again. */
bool policy_record_age(
	struct policy_record *record, uint64_t limit, uint64_t forget_seconds, int64_t now);

/* The following want a record that was aged at this `now`. */

/* Has the user logged in here, not too long ago? */
bool policy_record_is_known(const struct policy_record *record, int64_t now);

/* Does it say nothing that its absence would not? */
bool policy_record_is_empty(const struct policy_record *record, int64_t now);

/* Seconds until another attempt will be looked at; 0: now. */
uint32_t policy_record_wait(
	const struct policy_record *record, uint64_t limit, uint64_t forget_seconds, int64_t now);

/* Milliseconds that this attempt, which is not counted yet, has to wait. */
uint32_t policy_record_delay(const struct policy_record *record, uint64_t limit);

void policy_record_add(struct policy_record *record, int64_t now);
void policy_record_take_back(struct policy_record *record, int64_t now);

#endif

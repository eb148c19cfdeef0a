/* policy_record - see policy_record.h. Arithmetic alone, no system calls. */
#include "policy/policy_record.h"

#define FORM      0x50424631U /* "PBF1" */
#define MOST      2000000U    /* twice what a limit can be */
#define LAST_TIME (1LL << 40) /* in 34,000 years */

void policy_record_init(struct policy_record *record, int64_t now)
{
	*record = (struct policy_record){.form = FORM, .since = now, .used = now};
}

static bool is_time(int64_t time)
{
	return time >= 0 && time < LAST_TIME;
}

bool policy_record_is_sound(const struct policy_record *record)
{
	return record->form == FORM && record->count <= MOST && is_time(record->since) &&
	       is_time(record->known) && is_time(record->used);
}

/* Where a clock was set back. */
static bool mend(struct policy_record *record, int64_t now)
{
	bool mended = record->since > now || record->known > now;

	if (record->since > now)
		record->since = now;
	if (record->known > now)
		record->known = now;
	return mended;
}

bool policy_record_age(
	struct policy_record *record, uint64_t limit, uint64_t forget_seconds, int64_t now)
{
	bool mended = mend(record, now);
	uint64_t forgotten;

	if (record->count > limit)
		record->count = (uint32_t)limit;
	forgotten = (uint64_t)(now - record->since) / forget_seconds;
	if (forgotten >= record->count) {
		record->count = 0;
		record->since = now;
	} else {
		record->count -= (uint32_t)forgotten;
		record->since += (int64_t)(forgotten * forget_seconds);
	}
	return mended;
}

bool policy_record_is_known(const struct policy_record *record, int64_t now)
{
	return record->known > 0 && now - record->known < POLICY_KNOWN_SECONDS;
}

bool policy_record_is_empty(const struct policy_record *record, int64_t now)
{
	return record->count == 0 && !policy_record_is_known(record, now);
}

uint32_t policy_record_wait(
	const struct policy_record *record, uint64_t limit, uint64_t forget_seconds, int64_t now)
{
	if (record->count < limit)
		return 0;
	return (uint32_t)(record->since + (int64_t)forget_seconds - now);
}

/* Grows in equal steps, up to the attempt that is the last one below the limit. */
uint32_t policy_record_delay(const struct policy_record *record, uint64_t limit)
{
	uint64_t free = limit / 4;

	if (record->count == 0 || record->count < free || limit <= free)
		return 0;
	if (record->count >= limit)
		return POLICY_DELAY_MS;
	return (uint32_t)(POLICY_DELAY_MS * (record->count + 1 - free) / (limit - free));
}

void policy_record_add(struct policy_record *record, int64_t now)
{
	if (record->count == 0)
		record->since = now;
	if (record->count < MOST)
		record->count++;
	record->used = now;
}

void policy_record_take_back(struct policy_record *record, int64_t now)
{
	if (record->count > 0)
		record->count--;
	record->used = now;
}

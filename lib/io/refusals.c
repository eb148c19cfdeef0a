/* refusals - see refusals.h. A place whose source has been quiet for a pause is free. */
#include "io/refusals.h"

#include <stdio.h>
#include <string.h>

#define PLACES (REFUSALS_SOURCES + 1)

static struct refused *without_place(struct refusals *refusals)
{
	return &refusals->at[REFUSALS_SOURCES];
}

static bool is_free(const struct refused *place, int64_t now)
{
	return place->untold == 0 && now >= place->next;
}

/* The source's own, or one that is free, or the one for all others. */
static struct refused *find_place(struct refusals *refusals, const char *source, int64_t now)
{
	struct refused *found = without_place(refusals);

	for (size_t i = 0; i < REFUSALS_SOURCES; i++) {
		struct refused *place = &refusals->at[i];

		if (strcmp(place->source, source) == 0)
			return place;
		if (is_free(place, now))
			found = place;
	}
	return found;
}

static void tell(struct refusals *refusals, struct refused *place, int64_t now)
{
	const char *address = place == without_place(refusals) ? NULL : place->address;

	refusals->tell(refusals->context, address, place->untold);
	place->untold = 0;
	place->next = now + REFUSALS_PAUSE_MS;
}

void refusals_add(struct refusals *refusals, const char *source, const char *address, int64_t now)
{
	struct refused *place = find_place(refusals, source, now);

	if (!refusals->tell)
		return;
	snprintf(place->address, sizeof(place->address), "%s", address);
	if (place != without_place(refusals) && is_free(place, now)) {
		snprintf(place->source, sizeof(place->source), "%s", source);
		tell(refusals, place, now);
		return;
	}
	place->untold++;
	refusals_tell(refusals, now);
}

void refusals_tell(struct refusals *refusals, int64_t now)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct refused *place = &refusals->at[i];

		if (place->untold > 0 && now >= place->next)
			tell(refusals, place, now);
	}
}

int64_t refusals_left(const struct refusals *refusals, int64_t now)
{
	int64_t left = INT64_MAX;

	for (size_t i = 0; i < PLACES; i++) {
		const struct refused *place = &refusals->at[i];

		if (place->untold > 0 && place->next - now < left)
			left = place->next > now ? place->next - now : 0;
	}
	return left;
}

void refusals_end(struct refusals *refusals)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct refused *place = &refusals->at[i];

		if (place->untold > 0)
			tell(refusals, place, place->next);
	}
}

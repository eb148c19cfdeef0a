/*
 * spoolctl_header - the fields of a header that a list shows.
 *
 * Unfolded and otherwise as they stand; of a long one only the begin.
 */
#ifndef CMD_SPOOLCTL_HEADER_H
#define CMD_SPOOLCTL_HEADER_H

#include "base/why.h"
#include "spool/spool.h"

#define SPOOLCTL_FIELD_MAX 998 /* RFC 5322 section 2.1.1: octets of a line */

enum spoolctl_field { SPOOLCTL_DATE, SPOOLCTL_FROM, SPOOLCTL_SUBJECT, SPOOLCTL_FIELDS };

struct spoolctl_header {
	size_t len[SPOOLCTL_FIELDS];
	char value[SPOOLCTL_FIELDS][SPOOLCTL_FIELD_MAX];
};

extern const char *const spoolctl_field_names[SPOOLCTL_FIELDS];

/* Of message n. 0 or -errno. */
int spoolctl_header_read(
	struct spoolctl_header *header, struct spool *spool, size_t n, struct why *why);

#endif

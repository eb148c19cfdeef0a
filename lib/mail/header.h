/*
 * header - a pull-parser for the header of a message that comes in pieces of any size (LF lines).
 *
 * It knows where fields begin and where the header ends, and holds no more of a field than its
 * name. It counts the Received fields, which is how a mail loop is noticed (RFC 5321 6.3).
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct header {
	bool over;         /* the header has ended */
	bool in_name;      /* this line may still be a field of that name */
	size_t column;     /* octets of this line seen; counts only while in_name or 0 */
	uint64_t received; /* Received fields so far */
};

void header_init(struct header *header);
void header_feed(struct header *header, const char *data, size_t len);

/* Is line[0..len) the first line of a field: "Name:" (RFC 5322 section 2.2)? */
bool header_is_field(const char *line, size_t len);

#endif

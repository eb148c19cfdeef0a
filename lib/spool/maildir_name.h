/*
 * maildir_name - the name of a message's file in a Maildir: read, and made.
 *
 *	time.unique.host,S=octets,W=octets,U=unique-id:2,flags
 *
 * What is in front of the first ":" is the base name, which names the message for as long as it
 * exists; behind it is what its readers think of it. S is the file's size and W what a POP3 session
 * sends; U is there if the message came from another mailbox, where its clients have known it as
 * that. Names that others made may hold any octets, and their sizes may lie.
 */
#ifndef SPOOL_MAILDIR_NAME_H
#define SPOOL_MAILDIR_NAME_H

#include "spool.h"

#include <limits.h>
#include <stdbool.h>

struct maildir_name {
	size_t base_len;
	uint64_t seconds;      /* digits in front of the first "."; 0: there are none */
	uint64_t microseconds; /* digits behind ".M"; 0: there are none */
	bool has_size;
	uint64_t size; /* ,S= */
	bool has_wire;
	uint64_t wire; /* ,W= */
	bool has_uidl; /* ,U= */
};

/* False: no message is called so. */
bool maildir_name_parse(const char *name, size_t len, struct maildir_name *out);

/* Could this be a message's base name, and nothing but the name of one file? */
bool maildir_name_is_base(const char *base, size_t len);

/* Can a file of st_size octets have the sizes that its name tells? */
bool maildir_name_is_plausible(const struct maildir_name *name, uint64_t st_size);

/*
 * The unique-id (RFC 1939 section 7): what stands behind ",U=", up to the name's end, "%XX" for
 * what a name can't hold, where that is 1 to 70 characters 0x21 to 0x7E; else the base name, as
 * qmail's, Courier's and Dovecot's POP3 servers say it, where it is 1 to 70 characters 0x21 to
 * 0x7E; else the first 128 bits, in hex, of its SHA-256. `twin`: 0; or what tells a message from
 * another of the same name (its inode), which always gets a hash.
 */
void maildir_name_uidl(
	const char *base, size_t len, uint64_t twin, char out[static SPOOL_UIDL_SIZE]);

/* Put ",U=" and the unique-id behind a base name that has no U. False: there is no room for it. */
bool maildir_name_add_uidl(char name[static NAME_MAX + 1], const char *uidl);

/* A name that no other file has, without its sizes: at most 140 octets. */
void maildir_name_make(char out[static NAME_MAX + 1]);

#endif

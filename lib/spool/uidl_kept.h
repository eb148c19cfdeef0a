/*
 * uidl_kept - unique-ids that other servers wrote into the mailbox, for clients that know them.
 *
 * Dovecot (as UW-IMAP) numbers messages in X-UID fields and says in the first message's X-IMAPbase
 * (X-IMAP, where that message is no real one) what else there is to know: UIDVALIDITY and the last
 * number that was given. qpopper and mailutils write the id itself into X-UIDL.
 *
 * Anybody may have written these fields: programs that deliver should drop them (libspool does) but
 * not all do. So an X-UID counts only where Dovecot would believe it, too: the mailbox has a base,
 * the number is none that has not been given yet, and numbers ascend within the file. And an X-UIDL
 * counts if it is something that a POP3 client can be told (RFC 1939 section 7).
 */
#ifndef SPOOL_UIDL_KEPT_H
#define SPOOL_UIDL_KEPT_H

#include "spool.h"

#include <stdbool.h>

/* Of the 70 octets that RFC 1939 section 7 allows, less the "-4194304" that tells duplicates apart.
 */
#define UIDL_KEPT_MAX (70 - 8)

/* What holds for all of one mailbox's messages. All zero: SPOOL_UIDL_HASH. */
struct uidl_file {
	enum spool_uidl format;
	uint32_t validity; /* of X-IMAPbase; 0: there is none */
	uint32_t last;     /* the last number that was given */
	uint32_t highest;  /* number of the messages so far */
	bool has_internal; /* the first message is none: it is there for its X-IMAP */
};

enum uidl_kept_field {
	UIDL_KEPT_NONE,
	UIDL_KEPT_UID,
	UIDL_KEPT_BASE,
	UIDL_KEPT_INTERNAL,
	UIDL_KEPT_UIDL,
};

struct uidl_kept {
	struct uidl_file *file;
	bool is_first; /* of the file's messages */
	bool has_base;
	bool has_uidl;
	uint32_t uid;                 /* that counts; 0: none yet */
	char uidl[UIDL_KEPT_MAX + 1]; /* the same; "" */
	enum uidl_kept_field field;   /* whose value is being read */
	bool at_colon;
	bool has_text; /* other than white space */
	bool overflows;
	size_t len;
	char value[96]; /* of white space behind text only the first octet */
};

/* Files whose format is SPOOL_UIDL_DOVECOT or SPOOL_UIDL_X_UIDL. *file outlives it, and is brought
 * up to date as the messages go by. */
void uidl_kept_init(struct uidl_kept *kept, struct uidl_file *file, bool is_first);

/* A field begins; the header's end or a line without colon counts as one without a name. */
void uidl_kept_begin(struct uidl_kept *kept, const char *name, size_t len);

/* The rest of its line, from the colon on, lines that continue it, and their ends. */
void uidl_kept_text(struct uidl_kept *kept, const char *text, size_t len);
void uidl_kept_line_end(struct uidl_kept *kept);

/* False: there is none that counts; *out is untouched then. */
bool uidl_kept_finish(struct uidl_kept *kept, char out[static SPOOL_UIDL_SIZE]);

/* A message of this id came by, whose header is not read again: file->highest as behind it. */
void uidl_kept_pass(struct uidl_file *file, const char *uidl);

#endif

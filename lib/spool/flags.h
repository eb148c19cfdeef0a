/*
 * flags - what a mailbox's readers have noted of a message, as an mbox and as a Maildir say it.
 *
 *	mbox			Maildir
 *	Status: O		it is in cur
 *	Status: R		S	read
 *	X-Status: A		R	answered
 *	X-Status: F		F	flagged
 *	X-Status: T		D	a draft
 *	X-Status: D		T	to be deleted
 *
 * So have mutt, Dovecot and Python's mailbox. A Maildir's P (passed on) has nothing like it in an
 * mbox.
 */
#ifndef SPOOL_FLAGS_H
#define SPOOL_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

enum flags {
	FLAG_OLD = 1,
	FLAG_READ = 2,
	FLAG_ANSWERED = 4,
	FLAG_FLAGGED = 8,
	FLAG_DRAFT = 16,
	FLAG_DELETED = 32,
};

/* Of the value of a Status or an X-Status field: what it says, whatever else is in it. */
unsigned flags_of_status(const char *value, size_t len);
unsigned flags_of_x_status(const char *value, size_t len);

/* Of what is behind a Maildir's base name: "", ":2,FS", or what another program has put there. */
unsigned flags_of_info(const char *info);

#define FLAGS_INFO_SIZE 16

/* What goes behind a base name in cur: ":2," and letters in the order of ASCII. */
void flags_info(unsigned flags, char out[static FLAGS_INFO_SIZE]);

#define FLAGS_FIELDS_SIZE 48

/* The fields that say it, with their line ends; "" for none. */
void flags_fields(unsigned flags, char out[static FLAGS_FIELDS_SIZE]);

/* Do both say the same? What is marked in any way has been looked at, whether or not that is
 * said. */
bool flags_are_same(unsigned a, unsigned b);

#endif

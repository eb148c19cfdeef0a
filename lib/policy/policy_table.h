/*
 * policy_table - counters by source and user in one LMDB file, of bounded size.
 *
 * The file may be damaged. LMDB believes what it maps: it can crash or loop, so work with it in a
 * process that can be done without, and take -EUCLEAN for "no table of ours, put it aside". Locking
 * is the caller's (policy_file.h): LMDB's own would be in a second file, of which a damaged one
 * stops everybody, and which can't be put aside together with the first as one step.
 *
 * Whoever reads the file learns no names or addresses: keys are HMACs with a secret that is in it.
 * That keeps the keys of one length, too, and spreads them evenly, however they are chosen.
 */
#ifndef POLICY_POLICY_TABLE_H
#define POLICY_POLICY_TABLE_H

#include "base/hmac.h"
#include "policy/policy_record.h"
#include "policy/policy_source.h"

#include <lmdb.h>
#include <stdbool.h>

#define POLICY_TABLE_MAX (16 << 20) /* octets of the file */

/* Records. A record takes about 90 octets, half-empty pages counted in: they fill 6 MB, and what is
 * being written anew has room, too. */
#define POLICY_TABLE_MOST 65536

#define POLICY_KEY_SIZE 16
#define POLICY_USER_MAX 512 /* octets of a user's name that are looked at */

struct policy_table {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	unsigned char secret[HMAC_KEY_SIZE];
};

struct policy_key {
	unsigned char octets[POLICY_KEY_SIZE];
};

/* What is counted. */
enum policy_kind { POLICY_OF_SOURCE = 's', POLICY_OF_USER = 'u', POLICY_OF_PAIR = 'p' };

/* Open the file for one transaction, and make a table of it if it is empty. -EUCLEAN or -errno;
 * then there is nothing to close. */
int policy_table_open(struct policy_table *table, const char *path);

/* source: NULL where it does not matter to the kind; user likewise. */
struct policy_key policy_table_key(const struct policy_table *table, enum policy_kind kind,
	const unsigned char *source, const char *user);

/* 0, -ENOENT (also for a record that can't be ours), -EUCLEAN or -errno. */
int policy_table_get(
	struct policy_table *table, const struct policy_key *key, struct policy_record *record);
int policy_table_put(struct policy_table *table, const struct policy_key *key,
	const struct policy_record *record);
/* Also 0 if there is no such record. */
int policy_table_drop(struct policy_table *table, const struct policy_key *key);

/*
 * Take away some records that say nothing any more, and, where there are too many, the oldest of a
 * sample: a counter, or, where known users take more than half of the table, one of those; none
 * that was used right now. Called once for each record that is added, it keeps the table at its
 * size.
 */
int policy_table_thin(struct policy_table *table, uint64_t forget_seconds, int64_t now);

/* End the transaction and close; keep: with all that was put. 0, -EUCLEAN or -errno. */
int policy_table_close(struct policy_table *table, bool keep);

#endif

/*
 * policy_table - see policy_table.h.
 *
 * Nothing is synced: LMDB writes its pages before the page that makes them valid, and a process
 * that is killed between two writes has written them all the same, so only a host that stops can
 * damage the table; and by default that takes the whole of it, for it is in memory.
 */
#include "policy/policy_table.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define SAMPLE 32

/* The one record that is not a counter. */
static const char head_name[4] = "head";
static const char magic[8] = "PBfail1";

struct head {
	char magic[8];
	unsigned char secret[HMAC_KEY_SIZE];
};

/* What the host may refuse. Everything else comes from the file: LMDB's own errors, which are
 * negative, and what the system says to the sizes and places that it has found there. */
static int error_of(int result)
{
	static const int refusals[] = {
		0, ENOSPC, EDQUOT, EMFILE, ENFILE, EACCES, EPERM, EROFS, ENOENT, EINTR};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (result == refusals[i])
			return -result;
	}
	return -EUCLEAN;
}

static MDB_val value_of(const void *data, size_t size)
{
	MDB_val value = {.mv_size = size};

	memcpy(&value.mv_data, &data, sizeof(data)); /* the same pointer, without its const */
	return value;
}

static int make_head(struct policy_table *table)
{
	struct head head;
	MDB_val name = value_of(head_name, sizeof(head_name));
	MDB_val value = value_of(&head, sizeof(head));

	memcpy(head.magic, magic, sizeof(magic));
	if (getrandom(head.secret, sizeof(head.secret), 0) != sizeof(head.secret))
		return -EIO;
	memcpy(table->secret, head.secret, sizeof(table->secret));
	return error_of(mdb_put(table->txn, table->dbi, &name, &value, 0));
}

/* A table without a head that has records is somebody else's. */
static int read_head(struct policy_table *table)
{
	MDB_val name = value_of(head_name, sizeof(head_name));
	struct head head;
	MDB_stat stat;
	MDB_val value;
	int result = mdb_get(table->txn, table->dbi, &name, &value);

	if (result == MDB_NOTFOUND) {
		result = mdb_stat(table->txn, table->dbi, &stat);
		if (result == 0 && stat.ms_entries > 0)
			return -EUCLEAN;
		return result == 0 ? make_head(table) : error_of(result);
	}
	if (result != 0)
		return error_of(result);
	if (value.mv_size != sizeof(head))
		return -EUCLEAN;
	memcpy(&head, value.mv_data, sizeof(head));
	if (memcmp(head.magic, magic, sizeof(magic)) != 0)
		return -EUCLEAN;
	memcpy(table->secret, head.secret, sizeof(table->secret));
	return 0;
}

static int open_env(struct policy_table *table, const char *path)
{
	const unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC;
	int result = mdb_env_create(&table->env);
	MDB_envinfo info;

	if (result != 0)
		return error_of(result);
	result = mdb_env_set_mapsize(table->env, POLICY_TABLE_MAX);
	if (result == 0)
		result = mdb_env_open(table->env, path, flags, 0600);
	if (result == 0)
		result = mdb_env_info(table->env, &info);
	if (result == 0 && info.me_mapsize != POLICY_TABLE_MAX)
		return -EUCLEAN;
	return error_of(result);
}

int policy_table_open(struct policy_table *table, const char *path)
{
	int err;

	*table = (struct policy_table){0};
	err = open_env(table, path);
	if (err == 0)
		err = error_of(mdb_txn_begin(table->env, NULL, 0, &table->txn));
	if (err == 0)
		err = error_of(mdb_dbi_open(table->txn, NULL, 0, &table->dbi));
	if (err == 0)
		err = read_head(table);
	if (err < 0)
		(void)policy_table_close(table, false);
	return err;
}

struct policy_key policy_table_key(const struct policy_table *table, enum policy_kind kind,
	const unsigned char *source, const char *user)
{
	unsigned char message[1 + POLICY_SOURCE_SIZE + POLICY_USER_MAX] = {(unsigned char)kind};
	unsigned char hmac[HMAC_SIZE];
	struct policy_key key;
	size_t len = user ? strnlen(user, POLICY_USER_MAX) : 0;

	/* The parts in front of the user have a fixed size, so no two meanings look the same. */
	if (source)
		memcpy(message + 1, source, POLICY_SOURCE_SIZE);
	if (user)
		memcpy(message + 1 + POLICY_SOURCE_SIZE, user, len);
	hmac_make(table->secret, message, 1 + POLICY_SOURCE_SIZE + len, hmac);
	memcpy(key.octets, hmac, sizeof(key.octets));
	return key;
}

int policy_table_get(
	struct policy_table *table, const struct policy_key *key, struct policy_record *record)
{
	struct policy_record found;
	MDB_val name = value_of(key, sizeof(*key));
	MDB_val value;
	int result = mdb_get(table->txn, table->dbi, &name, &value);

	if (result == MDB_NOTFOUND)
		return -ENOENT;
	if (result != 0)
		return error_of(result);
	if (value.mv_size != sizeof(found))
		return -ENOENT;
	memcpy(&found, value.mv_data, sizeof(found));
	if (!policy_record_is_sound(&found))
		return -ENOENT;
	*record = found;
	return 0;
}

/* In a damaged tree a record can be put where nobody finds it. */
int policy_table_put(struct policy_table *table, const struct policy_key *key,
	const struct policy_record *record)
{
	MDB_val name = value_of(key, sizeof(*key));
	MDB_val value = value_of(record, sizeof(*record));
	struct policy_record found;
	int err = error_of(mdb_put(table->txn, table->dbi, &name, &value, 0));

	if (err < 0)
		return err;
	err = policy_table_get(table, key, &found);
	if (err == -ENOENT || (err == 0 && memcmp(&found, record, sizeof(found)) != 0))
		return -EUCLEAN;
	return err;
}

int policy_table_drop(struct policy_table *table, const struct policy_key *key)
{
	MDB_val name = value_of(key, sizeof(*key));
	int result = mdb_del(table->txn, table->dbi, &name, NULL);

	return result == MDB_NOTFOUND ? 0 : error_of(result);
}

struct sampled {
	struct policy_key key;
	struct policy_record record;
};

/* From a place by chance on, and from the first again behind the last. */
static int take_sample(struct policy_table *table, struct sampled *sample, size_t *count)
{
	struct policy_key start;
	MDB_val name = value_of(&start, sizeof(start));
	MDB_val value;
	MDB_cursor *cursor;
	MDB_cursor_op op = MDB_SET_RANGE;
	int result = mdb_cursor_open(table->txn, table->dbi, &cursor);

	if (result != 0)
		return error_of(result);
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		memset(&start, 0, sizeof(start));
	*count = 0;
	for (int i = 0; i < 2 * SAMPLE && *count < SAMPLE && result == 0; i++) {
		result = mdb_cursor_get(cursor, &name, &value, op);
		if (result == MDB_NOTFOUND && op != MDB_FIRST) {
			op = MDB_FIRST;
			result = 0;
			continue;
		}
		op = MDB_NEXT;
		if (result != 0 || name.mv_size != sizeof(struct policy_key))
			continue;
		memcpy(&sample[*count].key, name.mv_data, sizeof(struct policy_key));
		memset(&sample[*count].record, 0, sizeof(struct policy_record));
		if (value.mv_size == sizeof(struct policy_record))
			memcpy(&sample[*count].record, value.mv_data, value.mv_size);
		(*count)++;
	}
	mdb_cursor_close(cursor);
	return result == MDB_NOTFOUND ? 0 : error_of(result);
}

/* What of a sample may go, if something has to. */
struct choice {
	const struct sampled *known; /* the oldest of each kind */
	const struct sampled *counter;
	size_t known_count;
};

static void consider(struct choice *choice, const struct sampled *one, int64_t now)
{
	bool known = policy_record_is_known(&one->record, now);
	const struct sampled **oldest = known ? &choice->known : &choice->counter;

	choice->known_count += known;
	if (one->record.used != now && (!*oldest || one->record.used < (*oldest)->record.used))
		*oldest = one;
}

/* A flood of attempts must not push out who is known, nor many who are known the counters. */
static const struct sampled *choose(const struct choice *choice, size_t count)
{
	bool known = choice->known_count * 2 > count;
	const struct sampled *first = known ? choice->known : choice->counter;

	return first ? first : known ? choice->counter : choice->known;
}

static int count_entries(struct policy_table *table, size_t *entries)
{
	MDB_stat stat;
	int result = mdb_stat(table->txn, table->dbi, &stat);

	*entries = result == 0 ? stat.ms_entries : 0;
	return error_of(result);
}

int policy_table_thin(struct policy_table *table, uint64_t forget_seconds, int64_t now)
{
	struct sampled sample[SAMPLE];
	const struct sampled *chosen;
	struct choice choice = {0};
	size_t entries = 0;
	size_t count = 0;
	int err = take_sample(table, sample, &count);

	for (size_t i = 0; i < count && err == 0; i++) {
		struct policy_record *record = &sample[i].record;
		bool sound = policy_record_is_sound(record);

		if (sound)
			policy_record_age(record, UINT32_MAX, forget_seconds, now);
		if (record->used > now) /* the clock was set back */
			record->used = 0;
		if (!sound || policy_record_is_empty(record, now))
			err = policy_table_drop(table, &sample[i].key);
		else
			consider(&choice, &sample[i], now);
	}
	if (err == 0)
		err = count_entries(table, &entries);
	chosen = choose(&choice, count);
	if (err == 0 && entries > POLICY_TABLE_MOST && chosen)
		err = policy_table_drop(table, &chosen->key);
	return err;
}

int policy_table_close(struct policy_table *table, bool keep)
{
	int err = 0;

	if (table->txn && keep)
		err = error_of(mdb_txn_commit(table->txn));
	else if (table->txn)
		mdb_txn_abort(table->txn);
	if (table->env)
		mdb_env_close(table->env);
	explicit_bzero(table, sizeof(*table));
	return err;
}

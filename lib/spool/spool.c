/*
 * spool - see spool.h: finds the store for a location and keeps the session lock. Trusts the place,
 * which is configuration; what comes from the network is in the envelope and the message, and is
 * the store's to judge.
 */
#include "spool.h"

#include "base/fd.h"
#include "extent.h"
#include "handle.h"
#include "incoming.h"
#include "session_lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct store *const stores[] = {&store_mbox, &store_maildir};

const struct store *spool_find_store(const char *location, const char **path)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		size_t len = strlen(stores[i]->prefix);

		if (strncmp(location, stores[i]->prefix, len) != 0)
			continue;
		*path = location + len;
		if (location[len] != '/' || location[strlen(location) - 1] == '/')
			return NULL; /* relative, or another spelling of the same Maildir */
		return stores[i];
	}
	return NULL;
}

static int refuse_location(const char *location, struct why *why)
{
	return why_set(why, EINVAL, WHY_TEMP, "4.3.5", "%s: not a mailbox location", location);
}

/* Of a pipe the size is 0, and so would be the message that is promised to be in the mailbox. */
static int measure(struct incoming *incoming, const char *location, struct why *why)
{
	struct stat st;

	if (fstat(incoming->fd, &st) < 0)
		return why_errno(why, errno, location, "the message's file");
	if (!S_ISREG(st.st_mode))
		return why_set(why, EINVAL, WHY_TEMP, "4.3.0",
			"%s: the message is in no regular file", location);
	incoming->size = (uint64_t)st.st_size;
	return 0;
}

int spool_deliver(const struct spool_place *place, const struct spool_envelope *envelope, int fd,
	struct why *why)
{
	struct incoming incoming = {.envelope = envelope, .fd = fd};
	const char *path;
	const struct store *store = spool_find_store(place->location, &path);
	int err;

	if (!store)
		return refuse_location(place->location, why);
	err = measure(&incoming, path, why);
	return err ? err : store->deliver(place, path, &incoming, why);
}

int spool_inspect(const struct spool_place *place, const struct spool_inspector *inspector,
	struct spool_report *report, struct why *why)
{
	const char *path;
	const struct store *store = spool_find_store(place->location, &path);

	if (!store)
		return refuse_location(place->location, why);
	return store->inspect(place, path, inspector, report, why);
}

int spool_repair(const struct spool_place *place, const struct spool_inspector *inspector,
	struct spool_report *report, struct why *why)
{
	const char *path;
	const struct store *store = spool_find_store(place->location, &path);
	int session;
	int err;

	if (!store)
		return refuse_location(place->location, why);
	err = session_lock_take(place->state, path, &session, why);
	if (err)
		return err;
	err = store->repair(place, path, inspector, report, why);
	fd_close(&session);
	return err;
}

static int open_store(struct spool *spool, struct why *why)
{
	const char *path;
	int err;

	spool->store = spool_find_store(spool->place.location, &path);
	if (!spool->store)
		return refuse_location(spool->place.location, why);
	err = session_lock_take(spool->place.state, path, &spool->session, why);
	return err ? err : spool->store->open(&spool->box, &spool->place, path, why);
}

int spool_open(struct spool **out, const struct spool_place *place, struct why *why)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int err;

	*out = NULL;
	if (!spool)
		return why_errno(why, ENOMEM, place->location, "open");
	spool->place = *place;
	spool->session = -1;
	err = open_store(spool, why);
	if (err)
		spool_close(&spool);
	*out = spool;
	return err;
}

int spool_open_again(struct spool **spool, struct why *why)
{
	struct spool *mine = *spool;
	const char *path = NULL;
	int err;

	(void)spool_find_store(mine->place.location, &path);
	mine->store->close(mine->box);
	mine->box = NULL;
	err = mine->store->open(&mine->box, &mine->place, path, why);
	if (err)
		spool_close(spool);
	return err;
}

size_t spool_count(const struct spool *spool)
{
	return spool->store->count(spool->box);
}

uint64_t spool_octets(const struct spool *spool)
{
	return spool->store->octets(spool->box);
}

const struct spool_message *spool_message(const struct spool *spool, size_t n)
{
	return spool->store->message(spool->box, n);
}

int spool_fetch(struct spool *spool, size_t n, struct spool_extent *extent, struct why *why)
{
	if (n >= spool_count(spool))
		return why_set(why, EINVAL, WHY_PERM, "5.5.4", "no such message");
	return spool->store->fetch(spool->box, n, extent, why);
}

int spool_fetch_run(struct spool *spool, size_t n, struct spool_extent *extents, size_t max,
	size_t *count, struct why *why)
{
	const struct store *store = spool->store;
	int err = spool_fetch(spool, n, &extents[0], why);
	size_t got = 1;

	if (err)
		return err;
	while (got < max && n + got < spool_count(spool) && store->fetch_next &&
		store->fetch_next(spool->box, n + got, &extents[0], &extents[got]))
		got++;
	*count = got;
	return 0;
}

/* What was read was message n if it still lies there. A delivery behind it changes the file, too.
 */
int spool_check_read(
	struct spool *spool, size_t n, const struct spool_extent *read, struct why *why)
{
	struct spool_extent now;
	bool is_same;
	int err;

	if (!extent_is_touched(read))
		return 0;
	err = spool_fetch(spool, n, &now, why);
	if (err)
		return err;
	is_same = extent_is_same(read, &now);
	fd_close(&now.fd);
	return is_same ? 0 : why_errno(why, ESTALE, spool->place.location, "changed meanwhile");
}

int spool_read(struct spool *spool, size_t n,
	int (*take)(void *context, const char *octets, size_t len), void *context, struct why *why)
{
	struct extent_taker taker = {.take = take, .context = context};
	struct spool_extent extent;
	int err = spool_fetch(spool, n, &extent, why);

	if (err)
		return err;
	err = extent_read(&extent, &taker);
	if (err)
		why_errno(why, -err, spool->place.location, "read");
	else
		err = spool_check_read(spool, n, &extent, why);
	fd_close(&extent.fd);
	return err;
}

int spool_update(struct spool *spool, const unsigned char *bitmap, struct why *why)
{
	for (size_t i = 0; i < (spool_count(spool) + 7) / 8; i++) {
		if (bitmap[i])
			return spool->store->update(spool->box, bitmap, why);
	}
	return 0; /* nothing to remove: nothing is touched */
}

void spool_close(struct spool **spool)
{
	if (*spool) {
		if ((*spool)->box)
			(*spool)->store->close((*spool)->box);
		fd_close(&(*spool)->session);
		free(*spool);
	}
	*spool = NULL;
}

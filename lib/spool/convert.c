/*
 * convert - see spool_convert() in spool.h.
 *
 * Order of operations: the destination is there, on disk; then the ledger that says what it is to
 * get; then message after message is brought in, and only when some of them are on disk are they
 * written into the ledger. Whatever cuts this short, a message is in the ledger, or it is in the
 * destination and found there by its digest, or it is not there. Digests are compared without the
 * fields that the two mailboxes' programs write into headers, so that a message which is marked as
 * read meanwhile is the same one still.
 *
 * The messages' octets come from anybody. Who sends one that is like another one in all octets has
 * sent it twice, and it is there twice. (Of such twins that came into the two mailboxes each by
 * another way one is taken for the other: they can't be told apart.)
 */
#include "convert.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define TRIES 10 /* to read a message of a mailbox that others are writing to */

void convert_progress(struct convert *convert, uint64_t octets)
{
	const struct spool_converter *converter = convert->converter;

	convert->done += octets;
	if (converter && converter->progress)
		converter->progress(converter->context, convert->done, convert->size);
}

/* -EAGAIN: others have written to the mailbox while it was read, and perhaps to the message. */
static int read_facts(struct spool *spool, size_t n, struct facts *facts,
	struct spool_extent *found, struct why *why)
{
	int err = spool_fetch(spool, n, found, why);

	if (err)
		return err;
	err = facts_read(found, facts);
	if (err)
		why_errno(why, -err, spool->place.location, "read");
	else
		err = spool_check_read(spool, n, found, why);
	if (err)
		fd_close(&found->fd);
	return err == -ESTALE ? -EAGAIN : err;
}

int convert_facts(struct spool *spool, size_t n, struct facts *facts, struct spool_extent *extent,
	struct why *why)
{
	struct spool_extent found;
	int err = -EAGAIN;

	for (int tries = 0; err == -EAGAIN && tries < TRIES; tries++)
		err = read_facts(spool, n, facts, &found, why);
	if (err)
		return err;
	if (extent)
		*extent = found;
	else
		fd_close(&found.fd);
	return 0;
}

/* Those in the ledger are accounted for; the others are of somebody who was cut short, or were not
 * brought in by any conversion. */
static int look_at(struct convert *convert, struct tally *known, size_t n, struct why *why)
{
	struct facts facts;
	int err = convert_facts(convert->to, n, &facts, NULL, why);

	if (err == -ESTALE)
		return 0;
	if (!err && !tally_take(known, facts.same) && tally_add(&convert->there, facts.same, n) < 0)
		err = why_errno(why, ENOMEM, convert->to_place.location, "list messages");
	return err;
}

/* Once, and only if a message is not in the ledger. */
static int look(struct convert *convert, struct why *why)
{
	const struct tally *rows = &convert->ledger.rows;
	struct tally known;
	int err = 0;

	if (convert->is_looked)
		return 0;
	tally_init(&known);
	for (size_t n = 0; !err && n < rows->len; n++)
		err = tally_add(&known, rows->at[n].digest, n);
	if (err)
		why_errno(why, -err, convert->to_place.location, "list messages");
	for (size_t n = 0; !err && n < spool_count(convert->to); n++)
		err = look_at(convert, &known, n, why);
	tally_done(&known);
	convert->is_looked = !err;
	return err;
}

static int flush(struct convert *convert, struct why *why)
{
	const uint8_t(*digests)[SHA256_DIGEST_LENGTH] =
		(const uint8_t(*)[SHA256_DIGEST_LENGTH])convert->digests;
	int err;

	if (convert->pending == 0)
		return 0;
	err = convert->adopter->settle(convert->target, why);
	if (err)
		return err;
	err = ledger_add(&convert->ledger, digests, convert->pending);
	if (err)
		return why_errno(why, -err, convert->ledger.path, "write");
	convert->pending = 0;
	return 0;
}

static int note(struct convert *convert, const struct facts *facts, struct why *why)
{
	if (tally_add(&convert->now, facts->same, 0) < 0)
		return why_errno(why, ENOMEM, convert->to_place.location, "convert");
	memcpy(convert->digests[convert->pending++], facts->same, SHA256_DIGEST_LENGTH);
	return convert->pending == CONVERT_BATCH ? flush(convert, why) : 0;
}

/*
 * A Maildir's order is that of the times in names. A message's is when it came, but never before
 * the one in front of it, and not in the future: what comes into the Maildir from now on is behind
 * it.
 */
static void step(struct convert *convert, time_t when)
{
	time_t now = time(NULL);
	uint64_t seconds = when > 0 ? (uint64_t)(when < now ? when : now) : 1;

	if (seconds > convert->seconds) {
		convert->seconds = seconds;
		convert->microseconds = 0;
	} else if (++convert->microseconds == 1000000) {
		convert->seconds++;
		convert->microseconds = 0;
	}
}

static int adopt(struct convert *convert, size_t n, struct adoption *adoption, struct why *why)
{
	int err;

	adoption->uidl = spool_message(convert->from, n)->uidl;
	adoption->seconds = convert->seconds;
	adoption->microseconds = convert->microseconds;
	if (!adoption->marks.has_flags)
		adoption->marks.flags = adoption->facts->flags;
	err = convert->adopter->adopt(convert->target, adoption, why);
	convert->adopted += !err;
	return err ? err : note(convert, adoption->facts, why);
}

static int take(struct convert *convert, size_t n, struct adoption *adoption, struct why *why)
{
	struct spool *from = convert->from;
	int err = from->store->marks(from->box, n, adoption->extent, &adoption->marks);

	if (err)
		return why_errno(why, -err, from->place.location, "read");
	step(convert, adoption->marks.when);
	if (tally_take(&convert->ledger.rows, adoption->facts->same))
		return 0;
	err = look(convert, why);
	if (err)
		return err;
	if (tally_take(&convert->there, adoption->facts->same)) {
		convert->is_found = true;
		return note(convert, adoption->facts, why);
	}
	/* Whoever was killed may have left it off the disk: it must be there before what follows,
	 * or the power could go out and leave it behind that. */
	if (convert->is_found)
		err = flush(convert, why);
	convert->is_found = false;
	if (err)
		return err;
	return adopt(convert, n, adoption, why);
}

/* What others have removed meanwhile is no loss of ours. */
static int take_one(struct convert *convert, size_t n, struct why *why)
{
	struct spool_extent extent;
	struct facts facts;
	struct adoption adoption = {.extent = &extent, .facts = &facts};
	int err = convert_facts(convert->from, n, &facts, &extent, why);

	if (err == -ESTALE)
		return 0;
	if (err)
		return err;
	err = take(convert, n, &adoption, why);
	fd_close(&extent.fd);
	return err;
}

static int take_all(struct convert *convert, struct why *why)
{
	size_t count = spool_count(convert->from);
	int err = 0;

	convert->size = 3 * spool_octets(convert->from); /* brought over, both read again */
	for (size_t n = 0; !err && n < count; n++) {
		err = take_one(convert, n, why);
		convert_progress(convert, spool_message(convert->from, n)->octets);
	}
	return err ? err : flush(convert, why);
}

static int refuse_mail(const struct convert *convert, struct why *why)
{
	return why_set(why, EEXIST, WHY_PERM, "5.2.0",
		"%s: has %zu messages, and they are not from a conversion of %s",
		convert->to_place.location, spool_count(convert->to), convert->from_place.location);
}

/* The destination and its ledger: both there, on disk. */
static int open_target(struct convert *convert, const char *path, struct why *why)
{
	bool merges = convert->converter && convert->converter->merges;
	struct identity identity = identity_of_path(path);
	int known = ledger_open(&convert->ledger, identity);
	int err;

	if (known < 0)
		return why_errno(why, -known, convert->ledger.path, "open");
	if (!known && spool_count(convert->to) > 0 && !merges)
		return refuse_mail(convert, why);
	err = convert->adopter->open(&convert->target, &convert->to_place, path, why);
	if (err)
		return err;
	if (known && identity_is_same(convert->adopter->identity(convert->target), identity))
		return 0;
	err = ledger_begin(&convert->ledger, convert->adopter->identity(convert->target));
	return err ? why_errno(why, -err, convert->ledger.path, "write") : 0;
}

static int open_both(struct convert *convert, const char *from, struct why *why)
{
	struct stat st;
	int err;

	if (lstat(from, &st) < 0)
		return why_set(why, errno, WHY_PERM, "5.2.0", "%s: %s",
			convert->from_place.location,
			errno == ENOENT ? "there is no mailbox" : strerror(errno));
	err = spool_open(&convert->from, &convert->from_place, why);
	return err ? err : spool_open(&convert->to, &convert->to_place, why);
}

/* What the two are, before anything is opened. */
static int prepare(
	struct convert *convert, const char **from_path, const char **to_path, struct why *why)
{
	const char *from = convert->from_place.location;
	const char *to = convert->to_place.location;
	const struct store *from_store = spool_find_store(from, from_path);
	const struct store *to_store = spool_find_store(to, to_path);
	int err;

	if (!from_store || !to_store)
		return why_set(why, EINVAL, WHY_TEMP, "4.3.5", "%s: not a mailbox location",
			from_store ? to : from);
	if (from_store == to_store)
		return why_set(
			why, EOPNOTSUPP, WHY_PERM, "5.2.0", "%s: of the same kind as %s", to, from);
	err = ledger_init(&convert->ledger, convert->to_place.state, *from_path, *to_path);
	if (err == -EINVAL)
		return why_set(why, EINVAL, WHY_PERM, "5.2.0", "%s: the same as %s", to, from);
	if (err)
		return why_errno(why, -err, to, "open");
	convert->adopter = to_store->adopter;
	return 0;
}

static int run(struct convert *convert, struct spool_conversion *done, struct why *why)
{
	const char *from;
	const char *to;
	int err = prepare(convert, &from, &to, why);

	if (!err)
		err = open_both(convert, from, why);
	if (!err)
		err = open_target(convert, to, why);
	if (!err)
		err = take_all(convert, why);
	return err ? err : convert_verify(convert, done, why);
}

int spool_convert(const struct spool_place *from, const struct spool_place *to,
	const struct spool_converter *converter, struct spool_conversion *done, struct why *why)
{
	struct convert convert = {
		.converter = converter, .from_place = *from, .to_place = *to, .ledger.fd = -1};
	struct spool_conversion sums = {0};
	int err;

	convert.from_place.keeps_new = true;
	convert.to_place.keeps_new = true;
	err = run(&convert, &sums, why);
	if (convert.target)
		convert.adopter->close(convert.target);
	ledger_close(&convert.ledger);
	tally_done(&convert.there);
	tally_done(&convert.now);
	spool_close(&convert.to);
	spool_close(&convert.from);
	sums.converted = convert.adopted;
	if (!err)
		*done = sums;
	return err;
}

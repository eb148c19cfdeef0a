/*
 * convert_verify - both mailboxes are listed and read again, and each message of the source that
 * was ever brought over is looked for in the destination.
 */
#include "convert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct verify {
	struct convert *convert;
	struct spool_conversion *done;
	struct tally known; /* what was ever brought over */
	struct tally there;
	uint8_t (*whole)[SHA256_DIGEST_LENGTH]; /* of each message that is there */
};

static int no_memory(const struct verify *verify, struct why *why)
{
	return why_errno(why, ENOMEM, verify->convert->to_place.location, "verify");
}

static int add_rows(struct tally *to, const struct tally *from)
{
	int err = 0;

	for (size_t n = 0; !err && n < from->len; n++)
		err = tally_add(to, from->at[n].digest, n);
	return err;
}

static int read_there(struct verify *verify, size_t n, struct why *why)
{
	struct spool *to = verify->convert->to;
	struct facts facts;
	int err = convert_facts(to, n, &facts, NULL, why);

	if (err == -ESTALE)
		return 0;
	if (err)
		return err;
	memcpy(verify->whole[n], facts.whole, sizeof(facts.whole));
	convert_progress(verify->convert, spool_message(to, n)->octets);
	return tally_add(&verify->there, facts.same, n) < 0 ? no_memory(verify, why) : 0;
}

static int read_all_there(struct verify *verify, struct why *why)
{
	size_t count = spool_count(verify->convert->to);
	int err = 0;

	verify->whole = calloc(count + 1, sizeof(*verify->whole));
	if (!verify->whole)
		return no_memory(verify, why);
	for (size_t n = 0; !err && n < count; n++)
		err = read_there(verify, n, why);
	return err;
}

/* What this call has brought in is there, but for what a reader without a session has removed just
 * now: that is told, too. */
static int miss(struct verify *verify, size_t n, const struct facts *facts, struct why *why)
{
	struct convert *convert = verify->convert;

	if (tally_take(&convert->now, facts->same))
		return why_set(why, ENODATA, WHY_TEMP, "4.3.0",
			"%s: message %zu of %s is not there", convert->to_place.location, n + 1,
			convert->from_place.location);
	verify->done->removed++;
	return 0;
}

static int compare(struct verify *verify, size_t n, struct why *why)
{
	struct convert *convert = verify->convert;
	struct spool_conversion *done = verify->done;
	const struct spool_message *message = spool_message(convert->from, n);
	const struct tally_row *row;
	struct facts facts;
	int err = convert_facts(convert->from, n, &facts, NULL, why);

	if (err)
		return err == -ESTALE ? 0 : err;
	convert_progress(convert, message->octets);
	if (!tally_take(&verify->known, facts.same)) {
		done->arrived++;
		return 0;
	}
	done->messages++;
	done->octets += facts.octets;
	row = tally_take(&verify->there, facts.same);
	if (!row)
		return miss(verify, n, &facts, why);
	done->changed += memcmp(verify->whole[row->number], facts.whole, sizeof(facts.whole)) != 0;
	done->renamed += strcmp(spool_message(convert->to, row->number)->uidl, message->uidl) != 0;
	return 0;
}

static int verify_all(struct verify *verify, struct why *why)
{
	struct convert *convert = verify->convert;
	int err = spool_open_again(&convert->from, why);

	if (!err)
		err = spool_open_again(&convert->to, why);
	if (err)
		return err;
	if (add_rows(&verify->known, &convert->ledger.rows) < 0 ||
		add_rows(&verify->known, &convert->now) < 0)
		return no_memory(verify, why);
	err = read_all_there(verify, why);
	for (size_t n = 0; !err && n < spool_count(convert->from); n++)
		err = compare(verify, n, why);
	return err;
}

int convert_verify(struct convert *convert, struct spool_conversion *done, struct why *why)
{
	struct verify verify = {.convert = convert, .done = done};
	int err;

	tally_init(&verify.known);
	tally_init(&verify.there);
	err = verify_all(&verify, why);
	tally_done(&verify.known);
	tally_done(&verify.there);
	free(verify.whole);
	return err;
}

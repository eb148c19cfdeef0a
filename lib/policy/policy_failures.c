/* policy_failures - see policy_failures.h. */
#include "policy/policy_failures.h"

#include "policy/policy_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* One of an attempt's counters, as it is in the table now. */
struct counter {
	struct policy_key key;
	struct policy_record record;
	uint64_t limit;
	enum policy_counter what;
	bool exists; /* there is something that could be counted: a source, a user */
	bool mended; /* see policy_record_age() */
};

enum { SOURCE, USER, PAIR, COUNTERS };

struct work {
	const struct policy_rules *rules;
	const struct policy_attempt *attempt;
	struct policy_table table;
	struct counter counters[COUNTERS];
	int64_t now;
};

static int load(struct work *work, struct counter *counter)
{
	int err = policy_table_get(&work->table, &counter->key, &counter->record);

	if (err == -ENOENT) {
		policy_record_init(&counter->record, work->now);
		err = 0;
	}
	if (err == 0)
		counter->mended = policy_record_age(
			&counter->record, counter->limit, work->rules->forget_seconds, work->now);
	return err;
}

static int start(
	struct work *work, const struct policy_rules *rules, const struct policy_attempt *attempt)
{
	unsigned char source[POLICY_SOURCE_SIZE];
	bool has_source = policy_source_parse(attempt->source, source);
	bool has_user = *attempt->user != '\0';
	struct counter *counters = work->counters;
	int err;

	*work = (struct work){.rules = rules, .attempt = attempt};
	work->now = attempt->now > 0 ? attempt->now : 0;
	counters[SOURCE] = (struct counter){
		.limit = rules->source_failures, .what = POLICY_SOURCE, .exists = has_source};
	counters[USER] = (struct counter){
		.limit = rules->user_failures, .what = POLICY_USER, .exists = has_user};
	counters[PAIR] = (struct counter){
		.limit = rules->source_failures, .what = POLICY_PAIR, .exists = has_user};
	err = policy_table_open(&work->table, attempt->path);
	if (err < 0)
		return err;
	counters[SOURCE].key = policy_table_key(&work->table, POLICY_OF_SOURCE, source, NULL);
	counters[USER].key = policy_table_key(&work->table, POLICY_OF_USER, NULL, attempt->user);
	counters[PAIR].key = policy_table_key(&work->table, POLICY_OF_PAIR, source, attempt->user);
	for (int i = 0; i < COUNTERS && err == 0; i++)
		err = load(work, &counters[i]);
	if (err < 0)
		(void)policy_table_close(&work->table, false);
	return err;
}

static int finish(struct work *work, int err)
{
	int closed = policy_table_close(&work->table, err == 0);

	return err < 0 ? err : closed;
}

static uint32_t choose(const struct work *work)
{
	const struct counter *pair = &work->counters[PAIR];

	if (pair->exists && policy_record_is_known(&pair->record, work->now))
		return POLICY_PAIR;
	return (work->counters[SOURCE].exists ? POLICY_SOURCE : 0) |
	       (work->counters[USER].exists ? POLICY_USER : 0);
}

static void judge(const struct work *work, struct policy_verdict *verdict)
{
	for (int i = 0; i < COUNTERS; i++) {
		const struct counter *counter = &work->counters[i];
		uint32_t wait, delay;

		if (!(verdict->counted & counter->what))
			continue;
		wait = policy_record_wait(
			&counter->record, counter->limit, work->rules->forget_seconds, work->now);
		delay = policy_record_delay(&counter->record, counter->limit);
		if (wait > verdict->wait_seconds) {
			verdict->refused = counter->what;
			verdict->wait_seconds = wait;
		}
		if (delay > verdict->delay_ms)
			verdict->delay_ms = delay;
	}
	if (verdict->refused) {
		verdict->counted = 0;
		verdict->delay_ms = 0;
	}
}

static int save(struct work *work, struct counter *counter)
{
	if (policy_record_is_empty(&counter->record, work->now))
		return policy_table_drop(&work->table, &counter->key);
	return policy_table_put(&work->table, &counter->key, &counter->record);
}

static int count(struct work *work, uint32_t counted)
{
	int err = 0;

	for (int i = 0; i < COUNTERS && err == 0; i++) {
		struct counter *counter = &work->counters[i];

		if (!(counted & counter->what)) {
			err = counter->mended ? save(work, counter) : 0;
			continue;
		}
		policy_record_add(&counter->record, work->now);
		err = save(work, counter);
		if (err == 0)
			err = policy_table_thin(
				&work->table, work->rules->forget_seconds, work->now);
	}
	return err;
}

int policy_failures_begin(const struct policy_rules *rules, const struct policy_attempt *attempt,
	struct policy_verdict *verdict)
{
	struct policy_verdict judged = {0};
	struct work work;
	int err = start(&work, rules, attempt);

	if (err < 0)
		return err;
	judged.counted = choose(&work);
	judge(&work, &judged);
	err = finish(&work, count(&work, judged.counted));
	if (err == 0)
		*verdict = judged;
	return err;
}

static int take_back(struct work *work, uint32_t counted)
{
	int err = 0;

	for (int i = 0; i < COUNTERS && err == 0; i++) {
		struct counter *counter = &work->counters[i];

		if (!(counted & counter->what))
			continue;
		policy_record_take_back(&counter->record, work->now);
		err = save(work, counter);
	}
	return err;
}

static int make_known(struct work *work)
{
	struct counter *pair = &work->counters[PAIR];
	int err;

	if (!pair->exists)
		return 0;
	pair->record.known = work->now;
	pair->record.used = work->now;
	err = policy_table_put(&work->table, &pair->key, &pair->record);
	return err < 0 ? err
		       : policy_table_thin(&work->table, work->rules->forget_seconds, work->now);
}

int policy_failures_settle(const struct policy_rules *rules, const struct policy_attempt *attempt,
	const struct policy_verdict *verdict, enum policy_outcome outcome)
{
	struct work work;
	int err = start(&work, rules, attempt);

	if (err < 0)
		return err;
	err = take_back(&work, verdict->counted);
	if (err == 0 && outcome == POLICY_SUCCESS)
		err = make_known(&work);
	return finish(&work, err);
}

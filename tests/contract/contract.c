/* contract - see contract.h: the table of stores, a place for each test, and the programs' main. */
#include "contract.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a store's mailbox is, in a folder %s. */
static const char *const stores[] = {
	"mbox:%s/mailbox",
	"maildir:%s/mailbox",
};

static const struct contract_test *const all[] = {
	tests_delivery, tests_reading, tests_removal, tests_sharing, tests_refusal, tests_repair};

#define TESTS_MAX 100

struct spool_place place;
struct why why;
char path[4000];
char folder[256];

static char location[4096];
static char state[300];

static int setup(void **store)
{
	const char *parent = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.200s/pillarbox-contract.XXXXXX",
		parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		return -errno;
	snprintf(state, sizeof(state), "%s/state", folder);
	if (mkdir(state, 0700) < 0)
		return -errno;
	snprintf(location, sizeof(location), (const char *)*store, folder);
	snprintf(path, sizeof(path), "%s", strchr(location, ':') + 1);
	place = (struct spool_place){
		.location = location,
		.state = state,
		.owner = geteuid(),
		.lock_seconds = 60,
	};
	memset(&why, 0, sizeof(why));
	return 0;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(name);
}

static void forget_texts(void);

static int teardown(void **store)
{
	(void)store;
	forget_texts();
	return nftw(folder, remove_one, 20, FTW_DEPTH | FTW_PHYS);
}

/* Memory of the running test. */
static struct memory {
	struct memory *next;
} * memory;

struct text text_new(size_t len)
{
	struct memory *new = malloc(sizeof(*new) + len + 1);

	if (!new)
		abort();
	new->next = memory;
	memory = new;
	memset(new + 1, 0, len + 1);
	return (struct text){(char *)(new + 1), len};
}

static void forget_texts(void)
{
	while (memory) {
		struct memory *next = memory->next;

		free(memory);
		memory = next;
	}
}

struct text text_of(const char *fmt, ...)
{
	struct text text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = text_new((size_t)len);
	va_start(args, fmt);
	vsnprintf(text.at, text.len + 1, fmt, args);
	va_end(args);
	return text;
}

static size_t add_tests(
	const char *store, const struct contract_test *tests, struct CMUnitTest *out, size_t len)
{
	static char names[2 * TESTS_MAX][120];
	static size_t named;

	for (; tests->name; tests++) {
		char *name = names[named++];

		snprintf(name, sizeof(names[0]), "%.*s: %s", (int)strcspn(store, ":"), store,
			tests->name);
		out[len++] = (struct CMUnitTest){.name = name,
			.test_func = tests->run,
			.setup_func = setup,
			.teardown_func = teardown,
			.initial_state = (void *)(uintptr_t)store};
	}
	return len;
}

int main(void)
{
	static struct CMUnitTest tests[TESTS_MAX * COUNT(stores)];
	size_t len = 0;

	for (size_t s = 0; s < COUNT(stores); s++) {
		for (size_t i = 0; i < COUNT(all); i++)
			len = add_tests(stores[s], all[i], tests, len);
	}
	return _cmocka_run_group_tests("contract", tests, len, NULL, NULL);
}

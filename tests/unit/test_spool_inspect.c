/* What an mbox's lines tell of its health, and what is to be done: at every split of the file. */
#include "spool/mbox_scan.h"
#include "spool/mend_plan.h"
#include "unit.h"

#include <stdlib.h>

#include <string.h>

#define F "From me@example.org Tue Nov 24 13:00:00 2026\n" /* 45 octets */

#define N "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"

#define FINDINGS 4

/* One finding: kind, line, offset, length, what is done about it. */
#define DAMAGE(what, at_line, at, octets, done)                                                    \
	{                                                                                          \
		.kind = SPOOL_FINDING_##what, .is_damage = true, .line = at_line, .offset = at,    \
		.length = octets, .mending = SPOOL_MENDING_##done                                  \
	}
#define DOUBT(what, at_line, at)                                                                   \
	{                                                                                          \
		.kind = SPOOL_FINDING_##what, .line = at_line, .offset = at                        \
	}

static const struct {
	const char *text;
	uint64_t begins;
	struct spool_finding findings[FINDINGS];
	const char *mended; /* NULL: as it is */
} examples[] = {
	{"", 0, {{0}}, NULL},
	{"\n\r\n", 0, {DOUBT(CRLF, 2, 1)}, NULL},
	{F, 1, {{0}}, NULL},
	{"\n\n" F "A: b\n\nx\n\n" F "C: d\n\n", 2, {{0}}, NULL},
	{"x\n\n" F "A: b\n\n", 1, {DAMAGE(NO_FROM, 1, 0, 3, TAKEN_OUT)}, F "A: b\n\n"},
	{"\nx\n" F "A: b\n\n", 0, {DAMAGE(NO_FROM, 2, 1, 3, TAKEN_OUT)}, F "A: b\n\n"},
	{"x\n" F "not so\n\n", 0, {DAMAGE(NO_FROM, 1, 0, 0, NONE)}, NULL},
	{"A: b\n c\n\n" F "C: d\n\n", 1, {DAMAGE(NO_FROM, 1, 0, 0, FROM_LINE)},
		N "A: b\n c\n\n" F "C: d\n\n"},
	{"\nA: b\n" F "C: d\n\n", 0,
		{DAMAGE(NO_FROM, 2, 1, 0, FROM_LINE), DAMAGE(GLUED, 3, 6, 0, EMPTY_LINE)},
		"\n" N "A: b\n\n" F "C: d\n\n"},
	{"A: b\nno field\n\n" F "C: d\n\n", 1, {DAMAGE(NO_FROM, 1, 0, 15, TAKEN_OUT)},
		F "C: d\n\n"},
	{"A: b", 0, {DAMAGE(NO_FROM, 1, 0, 0, FROM_LINE), DAMAGE(CUT, 1, 0, 4, LINE_END)},
		N "A: b\n\n"},
	{"x", 0, {DAMAGE(NO_FROM, 1, 0, 0, NONE), DAMAGE(CUT, 1, 0, 1, NONE)}, NULL},
	{F "A: b\n\nx", 1, {DAMAGE(CUT, 4, 51, 1, LINE_END)}, F "A: b\n\nx\n\n"},
	{F "A: b\r\n\r\nx\r", 1, {DOUBT(CRLF, 2, 45), DAMAGE(CUT, 4, 53, 2, LINE_END)},
		F "A: b\r\n\r\nx\r\n\r\n"},
	{F "A: b\n\nx\n" F "C: d\n\n", 1, {DAMAGE(GLUED, 5, 53, 0, EMPTY_LINE)},
		F "A: b\n\nx\n\n" F "C: d\n\n"},
	{F "A: b\n\nx\n" F "C: d", 1,
		{DAMAGE(GLUED, 5, 53, 0, EMPTY_LINE), DAMAGE(CUT, 6, 98, 4, LINE_END)},
		F "A: b\n\nx\n\n" F "C: d\n\n"},
	{F "A: b\n\nx\n" F "not so\n\n", 1, {{0}}, NULL},
	{F "A: b\n\nx\n>" F "C: d\n\n", 1, {{0}}, NULL},
	{F "A: b\n\nFrom now on\nC: d\n\n", 1, {DOUBT(NO_DATE, 4, 51)}, NULL},
	{F "A: b\n\nx\nFrom now on\nC: d\n\n", 1, {{0}}, NULL},
	{F "A: b\n\r\nx\n", 1, {DOUBT(CRLF, 3, 50)}, NULL},
};

static void make_plan(struct mend_plan *plan, const char *text, size_t len, size_t split)
{
	mend_plan_begin(plan, 0);
	mend_plan_feed(plan, text, split);
	for (size_t at = split; at < len; at++)
		mend_plan_feed(plan, text + at, 1);
	assert_int_equal(mend_plan_end(plan), 0);
	assert_int_equal(plan->size, len);
}

struct mending {
	const char *old;
	char text[1000];
	size_t len;
};

static int put(void *context, const char *text, uint64_t offset, uint64_t len)
{
	struct mending *mending = context;

	assert_true(mending->len + len < sizeof(mending->text));
	memcpy(mending->text + mending->len, text ? text : mending->old + offset, len);
	mending->len += len;
	return 0;
}

static void check_mended(const struct mend_plan *plan, const char *old, const char *want)
{
	struct mending mending = {.old = old};

	assert_int_equal(plan->count > 0, want != NULL);
	if (!want)
		return;
	put(&mending, NULL, 0, plan->edits[0].offset);
	mend_plan_each(plan, put, &mending);
	assert_int_equal(mending.len, strlen(want));
	assert_int_equal(mending.len, mend_plan_new_size(plan));
	assert_memory_equal(mending.text, want, mending.len);
}

static void check(size_t example, const struct mend_plan *plan)
{
	const struct spool_finding *want = examples[example].findings;
	size_t count = 0;

	while (count < FINDINGS && want[count].line > 0)
		count++;
	assert_int_equal(plan->found, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(plan->findings[i].kind, want[i].kind);
		assert_int_equal(plan->findings[i].is_damage, want[i].is_damage);
		assert_int_equal(plan->findings[i].offset, want[i].offset);
		assert_int_equal(plan->findings[i].line, want[i].line);
		assert_int_equal(plan->findings[i].length, want[i].length);
		assert_int_equal(plan->findings[i].mending, want[i].mending);
	}
}

static void findings_at_every_split(void **state)
{
	struct mend_plan plan;

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		size_t len = strlen(examples[i].text);

		for (size_t split = 0; split <= len; split++) {
			make_plan(&plan, examples[i].text, len, split);
			assert_int_equal(plan.lines.begins, examples[i].begins);
			check(i, &plan);
			check_mended(&plan, examples[i].text, examples[i].mended);
			mend_plan_done(&plan);
		}
	}
}

static void runs_of_nuls(void **state)
{
	static const size_t lens[] = {15, 16, 17, 5000};
	static char text[6000];
	struct mend_plan plan;

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		size_t len = strlen(F "A: b\n\nab");

		memcpy(text, F "A: b\n\nab", len);
		memset(text + len, 0, lens[i]);
		strcpy(text + len + lens[i], "c\n\n");
		for (size_t split = 0; split < len + 16; split++) {
			make_plan(&plan, text, len + lens[i] + 3, split);
			assert_int_equal(plan.found, lens[i] >= 16);
			if (plan.found > 0) {
				assert_int_equal(plan.findings[0].kind, SPOOL_FINDING_NUL);
				assert_int_equal(plan.findings[0].offset, len);
				assert_int_equal(plan.findings[0].line, 4);
				assert_int_equal(plan.findings[0].length, lens[i]);
				check_mended(&plan, text, F "A: b\n\nabc\n\n");
			}
			mend_plan_done(&plan);
		}
	}
}

/* Lines are read as if no NULs were there. */
static void nuls_hide_nothing(void **state)
{
	static const char front[] = F "A: b\n\nx\n";
	static const char back[] = F "C: d\n\n";
	char text[500];
	size_t len = strlen(front);
	struct mend_plan plan;

	(void)state;
	memcpy(text, front, len);
	memset(text + len, 0, 100);
	strcpy(text + len + 100, back);
	make_plan(&plan, text, len + 100 + strlen(back), 10);
	assert_int_equal(plan.found, 2);
	assert_int_equal(plan.findings[0].kind, SPOOL_FINDING_NUL);
	assert_int_equal(plan.findings[1].kind, SPOOL_FINDING_GLUED);
	check_mended(&plan, text, F "A: b\n\nx\n\n" F "C: d\n\n");
	mend_plan_done(&plan);
}

static void found(
	void *context, const struct mbox_inspect_lines *lines, const struct spool_finding *finding)
{
	(void)context;
	(void)lines;
	(void)finding;
}

/* Where messages begin, and what is padding, is the scanner's to say. */
static void counts_as_the_scanner_does(void **state)
{
	static const char *const words[] = {"\n", "\r\n", F, ("\n" F),
		"\n" F "X-Pillarbox-Padding: x\n", "X-Pillarbox-Padding: xx\n", " xxx\n", "A: b\n",
		"x", "From x\n"};
	char text[2000];

	(void)state;
	srandom(4155);
	for (int i = 0; i < 3000; i++) {
		size_t len = strlen(F), in_front = 0, padding;
		struct mbox_table table;
		struct mbox_scan scan;
		struct mbox_inspect_lines lines;

		memcpy(text, F, len);
		while (len < sizeof(text) - 100 && random() % 40) {
			const char *word = words[(size_t)random() % COUNT(words)];

			memcpy(text + len, word, strlen(word));
			len += strlen(word);
		}
		mbox_table_init(&table);
		mbox_scan_begin(&scan, &table);
		assert_int_equal(mbox_scan_feed(&scan, text, len), 0);
		assert_int_equal(mbox_scan_end(&scan), 0);
		for (size_t n = 0; n < table.len; n++) {
			const char *from = text + table.at[n].from;
			const char *lf = memchr(from, '\n', len - table.at[n].from);

			in_front += lf ? table.at[n].offset - (size_t)(lf + 1 - text) : 0;
		}
		mbox_inspect_lines_begin(&lines, found, NULL);
		mbox_inspect_lines_feed(&lines, text, len);
		mbox_inspect_lines_end(&lines);
		padding = lines.padding;
		assert_int_equal(padding, in_front);
		/* A last line without end may be a From_ line to the scanner; here it is cut off.
		 */
		assert_true(lines.begins == table.len ||
			    (text[len - 1] != '\n' && lines.begins + 1 == table.len));
		mbox_table_done(&table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_at_every_split),
		cmocka_unit_test(runs_of_nuls),
		cmocka_unit_test(nuls_hide_nothing),
		cmocka_unit_test(counts_as_the_scanner_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

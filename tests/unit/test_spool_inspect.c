/* What an mbox's lines tell of its health: at every split of the file. */
#include "spool/mbox_inspect_lines.h"
#include "spool/mbox_scan.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define F "From me@example.org Tue Nov 24 13:00:00 2026\n" /* 45 octets */

#define FINDINGS 4

struct findings {
	struct spool_finding at[FINDINGS];
	size_t count;
};

static void found(void *context, const struct spool_finding *finding)
{
	struct findings *findings = context;

	assert_true(findings->count < FINDINGS);
	findings->at[findings->count++] = *finding;
}

static const struct {
	const char *text;
	uint64_t begins;
	struct spool_finding findings[FINDINGS];
} examples[] = {
	{"", 0, {{0}}},
	{"\n\r\n", 0, {{.kind = SPOOL_FINDING_CRLF, .offset = 1, .line = 2}}},
	{F, 1, {{0}}},
	{"\n\n" F "A: b\n\nx\n\n" F "C: d\n\n", 2, {{0}}},
	{"x\n\n" F "A: b\n\n", 1, {{.kind = SPOOL_FINDING_NO_FROM, .is_damage = true, .line = 1}}},
	{"x", 0,
		{{.kind = SPOOL_FINDING_NO_FROM, .is_damage = true, .line = 1},
			{.kind = SPOOL_FINDING_CUT, .is_damage = true, .line = 1, .length = 1}}},
	{F "A: b\n\nx", 1,
		{{.kind = SPOOL_FINDING_CUT,
			.is_damage = true,
			.offset = 51,
			.line = 4,
			.length = 1}}},
	{F "A: b\n\nx\n" F "C: d\n\n", 1,
		{{.kind = SPOOL_FINDING_GLUED, .is_damage = true, .offset = 53, .line = 5}}},
	{F "A: b\n\nx\n" F "not so\n\n", 1, {{0}}},
	{F "A: b\n\nx\n>" F "C: d\n\n", 1, {{0}}},
	{F "A: b\n\nFrom now on\nC: d\n\n", 1,
		{{.kind = SPOOL_FINDING_NO_DATE, .offset = 51, .line = 4}}},
	{F "A: b\n\nx\nFrom now on\nC: d\n\n", 1, {{0}}},
	{F "A: b\n\r\nx\n", 1, {{.kind = SPOOL_FINDING_CRLF, .offset = 50, .line = 3}}},
};

static uint64_t inspect(
	const char *text, size_t len, size_t split, struct findings *findings, size_t *padding)
{
	struct spool_inspector inspector = {.found = found, .context = findings};
	struct spool_report report = {0};
	struct mbox_inspect_lines *lines = malloc(sizeof(*lines));

	findings->count = 0;
	mbox_inspect_lines_begin(lines, &inspector, &report);
	mbox_inspect_lines_feed(lines, text, split);
	for (size_t at = split; at < len; at++)
		mbox_inspect_lines_feed(lines, text + at, 1);
	mbox_inspect_lines_end(lines);
	free(lines);
	assert_int_equal(report.damages + report.others, findings->count);
	*padding = report.padding;
	return report.begins;
}

static void check(size_t example, const struct findings *findings)
{
	const struct spool_finding *want = examples[example].findings;
	size_t count = 0;

	while (count < FINDINGS && want[count].line > 0)
		count++;
	assert_int_equal(findings->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(findings->at[i].kind, want[i].kind);
		assert_int_equal(findings->at[i].is_damage, want[i].is_damage);
		assert_int_equal(findings->at[i].offset, want[i].offset);
		assert_int_equal(findings->at[i].line, want[i].line);
		assert_int_equal(findings->at[i].length, want[i].length);
	}
}

static void findings_at_every_split(void **state)
{
	struct findings findings;
	size_t padding;

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		size_t len = strlen(examples[i].text);

		for (size_t split = 0; split <= len; split++) {
			assert_int_equal(inspect(examples[i].text, len, split, &findings, &padding),
				examples[i].begins);
			check(i, &findings);
		}
	}
}

static void runs_of_nuls(void **state)
{
	static const size_t lens[] = {15, 16, 17, 5000};
	static char text[6000];
	struct findings findings;
	size_t padding;

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		size_t len = strlen(F "A: b\n\nab");

		memcpy(text, F "A: b\n\nab", len);
		memset(text + len, 0, lens[i]);
		strcpy(text + len + lens[i], "c\n\n");
		for (size_t split = 0; split < len + 16; split++) {
			inspect(text, len + lens[i] + 3, split, &findings, &padding);
			assert_int_equal(findings.count, lens[i] >= 16);
			if (findings.count == 0)
				continue;
			assert_int_equal(findings.at[0].kind, SPOOL_FINDING_NUL);
			assert_int_equal(findings.at[0].offset, len);
			assert_int_equal(findings.at[0].line, 4);
			assert_int_equal(findings.at[0].length, lens[i]);
		}
	}
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
		struct spool_inspector nobody = {0};
		struct spool_report report = {0};
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
		mbox_inspect_lines_begin(&lines, &nobody, &report);
		mbox_inspect_lines_feed(&lines, text, len);
		mbox_inspect_lines_end(&lines);
		padding = report.padding;
		assert_int_equal(padding, in_front);
		/* A last line without end may be a From_ line to the scanner; here it is cut off.
		 */
		assert_true(report.begins == table.len ||
			    (text[len - 1] != '\n' && report.begins + 1 == table.len));
		mbox_table_done(&table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_at_every_split),
		cmocka_unit_test(runs_of_nuls),
		cmocka_unit_test(counts_as_the_scanner_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

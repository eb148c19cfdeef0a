/* Repairs of mailboxes that are damaged at random: nothing is dropped, nothing is left to mend. */
#include "mbox_place.h"

#include <stdbool.h>

static void write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, len), 0);
	close(fd);
}

static size_t read_file(const char *path, char text[static MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd_pread(fd, text, MAX, 0);

	assert_true(len >= 0 && len < MAX);
	close(fd);
	return (size_t)len;
}

struct told {
	char beside[256]; /* "": none */
	bool stays;
};

static void take_beside(void *context, const char *path)
{
	struct told *told = context;

	snprintf(told->beside, sizeof(told->beside), "%s", path);
}

static void take_finding(void *context, const struct spool_finding *finding)
{
	struct told *told = context;

	told->stays |= finding->is_damage && finding->mending == SPOOL_MENDING_NONE;
}

static struct spool_report repair(struct told *told)
{
	struct spool_inspector inspector = {
		.found = take_finding, .beside = take_beside, .context = told};
	struct spool_report report;
	struct why why = {0};

	*told = (struct told){0};
	if (spool_repair(&place, &inspector, &report, &why) != 0)
		fail_msg("%s", why.text);
	assert_int_equal(report.damages > report.mended, told->stays);
	return report;
}

/* What spool(3) says about the file beside: the old mailbox, made of it and of the new one. */
static size_t undo(const char *beside, const char *new, size_t new_len, char old[static MAX])
{
	static char text[MAX];
	char *end = text + read_file(beside, text);
	size_t old_len = 0;
	size_t at = 0; /* in the new mailbox */

	for (char *line = text; line < end;) {
		unsigned long offset, len;
		char word[8];
		char *next = memchr(line, '\n', (size_t)(end - line));

		assert_non_null(next);
		next++;
		if (*line == '#') {
			line = next;
			continue;
		}
		assert_int_equal(sscanf(line, "%7s %lu %lu\n", word, &offset, &len), 3);
		assert_true(offset >= old_len && at + offset - old_len <= new_len);
		memcpy(old + old_len, new + at, offset - old_len);
		at += offset - old_len;
		old_len = offset;
		if (strcmp(word, "zeros") == 0) {
			memset(old + old_len, 0, len);
		} else if (strcmp(word, "taken") == 0) {
			memcpy(old + old_len, next, len);
			next += len + 1;
		} else {
			assert_string_equal(word, "added");
			assert_memory_equal(new + at, next, len);
			at += len;
			next += len + 1;
			len = 0;
		}
		old_len += len;
		line = next;
	}
	memcpy(old + old_len, new + at, new_len - at);
	return old_len + new_len - at;
}

/* Nothing was taken out: all of the old mailbox is in the new one, in its order. */
static void check_only_added(const char *old, size_t old_len, const char *new, size_t new_len)
{
	size_t at = 0;

	for (size_t i = 0; i < new_len && at < old_len; i++)
		at += old[at] == new[i];
	assert_int_equal(at, old_len);
}

static void check_repair(size_t min_damages)
{
	static char old[MAX], new[MAX], again[MAX];
	struct spool_inspector nobody = {0};
	size_t old_len = read_file(box, old);
	struct spool_report inspected, report;
	struct told told;
	size_t new_len;

	assert_int_equal(spool_inspect(&place, &nobody, &inspected, NULL), 0);
	assert_true(inspected.damages >= min_damages);
	report = repair(&told);
	assert_int_equal(report.damages, inspected.damages);
	assert_int_equal(report.mended, inspected.mended);
	new_len = read_file(box, new);
	if (told.beside[0]) {
		size_t len = undo(told.beside, new, new_len, again);

		assert_int_equal(len, old_len);
		assert_memory_equal(again, old, old_len);
		unlink(told.beside);
	} else {
		check_only_added(old, old_len, new, new_len);
	}
	if (told.stays) { /* then nothing is done */
		assert_int_equal(new_len, old_len);
		assert_memory_equal(new, old, old_len);
		return;
	}
	assert_int_equal(spool_inspect(&place, &nobody, &report, NULL), 0);
	assert_int_equal(report.damages, 0);
	report = repair(&told);
	assert_int_equal(report.damages, 0);
	assert_string_equal(told.beside, "");
	assert_int_equal(read_file(box, again), new_len);
	assert_memory_equal(again, new, new_len);
}

/* What a session does first: after a power cut it turns some zeros into a From_ line (torn.h). */
static void open_once(void)
{
	struct spool *spool;

	if (spool_open(&spool, &place, NULL) == 0)
		spool_close(&spool);
}

static size_t add_random(char *text, size_t len)
{
	static const char *const words[] = {"\n", "\r\n", "\n\n", F, "\n" F, "\n" F "A: b\n\n",
		F "C: d\n", F "text\n", "X-Pillarbox-Padding: xx\n", " xxx\n", "A: b\n", "x",
		"text\n", "From me\n", "From me\nTo: you\n", "\r"};
	static const size_t nuls[] = {1, 15, 16, 17, 600, 5000};
	const char *word = words[(size_t)random() % COUNT(words)];
	size_t more = nuls[(size_t)random() % COUNT(nuls)];

	if (random() % 6 == 0) {
		memset(text + len, 0, more);
		return len + more;
	}
	if (random() % 30 == 0) {
		memset(text + len, 'y', more);
		return len + more;
	}
	memcpy(text + len, word, strlen(word));
	return len + strlen(word);
}

static void damaged_at_random(void **state)
{
	static char text[MAX];

	(void)state;
	srandom(4174);
	for (int i = 0; i < 1500; i++) {
		size_t len = 0;

		if (random() % 2)
			len = (size_t)sprintf(text, "%sA: b\n\n", F);
		while (len < MAX / 2 && random() % 25)
			len = add_random(text, len);
		write_file(box, text, len);
		open_once();
		check_repair(0);
	}
}

/* More than one piece of the journal, so that each octet of it moves. */
static void damaged_and_large(void **state)
{
	static char text[MAX];
	size_t len = (size_t)sprintf(text, "junk\n\n%sA: b\n\n", F);

	(void)state;
	while (len < MAX - 10000) {
		len += (size_t)sprintf(text + len, "%sA: %zu\n\nline %zu\n%s", F, len, len * 7,
			random() % 4 ? "\n" : "");
	}
	memset(text + 70000, 0, 3000);
	text[70000 + 3000] = '\n';
	write_file(box, text, len);
	check_repair(3);
	write_file(box, text + 6, len - 6); /* it grows */
	check_repair(3);
}

/* A name is taken only if nobody has it. */
static void files_beside(void **state)
{
	static const char text[] = "junk\n\n" F "A: b\n\n";
	char name[256], want[256];
	struct told told;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		write_file(box, text, strlen(text));
		repair(&told);
		snprintf(want, sizeof(want), i == 1 ? "%s.damaged" : "%s.damaged.%d", box, i);
		assert_string_equal(told.beside, want);
	}
	if (geteuid() == 0)
		return; /* who may write everywhere */
	write_file(box, text, strlen(text));
	chmod(root, 0500);
	repair(&told);
	chmod(root, 0700);
	snprintf(name, sizeof(name), "%s/", state_folder);
	assert_memory_equal(told.beside, name, strlen(name));
	assert_int_equal(access(told.beside, R_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(damaged_at_random),
		BOX_TEST(damaged_and_large),
		BOX_TEST(files_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

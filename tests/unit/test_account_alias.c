/* The alias parser: entries and targets as text, one table. */
#include "unit.h"

#include "account/alias.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(char *out, size_t size, const char *text)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s", text);
}

static void add_targets(char *out, size_t size, struct alias_value value)
{
	static const char *const marks[] = {"", "\\", "i:", "!", "f:"};
	struct alias_target target;
	int more;

	while ((more = alias_target_next(&value, &target)) != 0) {
		add(out, size, "<");
		if (more > 0) {
			add(out, size, marks[target.kind]);
			add(out, size, target.text);
		} else {
			add(out, size, "?");
		}
		add(out, size, ">");
	}
}

/* "line:name<target><target>;", malformed entries as "line:?;" */
static void describe(const char *text, size_t len, char *out, size_t size)
{
	struct alias_scan scan;
	struct alias_entry entry;
	char line[16];
	int more;

	out[0] = '\0';
	alias_scan_init(&scan, text, len);
	while ((more = alias_next(&scan, &entry)) != 0) {
		snprintf(line, sizeof(line), "%u:", entry.line);
		add(out, size, line);
		add(out, size, more > 0 ? entry.name : "?");
		if (more > 0)
			add_targets(out, size, entry.value);
		add(out, size, ";");
	}
}

static const struct {
	const char *text;
	const char *found;
} entries[] = {
	{"", ""},
	{"\n \n# only comments\n\t# and blanks\n", ""},
	{"a: b\n", "1:a<b>;"},
	{"a: b", "1:a<b>;"},
	{"a:b,c , d,,e\n", "1:a<b><c><d><e>;"},
	{"a : b c\n", "1:a<b><c>;"},
	{"a: b,\n  c\n\td\nx: y\n", "1:a<b><c><d>;4:x<y>;"},
	{"a: b,\n# between\n\n  c\n# after\nx: y\n", "1:a<b><c>;6:x<y>;"},
	{"a:\n b\n", "1:a<b>;"},
	{"a: b\r\nc: d\r\n", "1:a<b>;2:c<d>;"},
	{"\"a b\": c\n", "1:a b<c>;"},
	{"\"a\\\"b\": c\n", "1:a\"b<c>;"},
	{"a: \"|/bin/cmd x, y\", b\n", "1:a<!|/bin/cmd x, y><b>;"},
	{"a: |\"/bin/cmd x, y\", b\n", "1:a<!|/bin/cmd x, y><b>;"},
	{"a: |/bin/cmd x y, b\n", "1:a<!|/bin/cmd x y><b>;"},
	{"a: /var/mail/x, b\n", "1:a<f:/var/mail/x><b>;"},
	{"a: :include:/etc/list, b\n", "1:a<i:/etc/list><b>;"},
	{"a: :INCLUDE:/etc/list\n", "1:a<i:/etc/list>;"},
	{"a: \":include:/etc/a list\"\n", "1:a<i:/etc/a list>;"},
	{"a: :include:list\n", "1:a<?>;"},
	{"a: \\a, b\n", "1:a<\\a><b>;"},
	{"a: <b@example.org>\n", "1:a<b@example.org>;"},
	{"a: \"b c\"@example.org\n", "1:a<b c@example.org>;"},
	{"a: \"unfinished, b\n c\nx: y\n", "1:a<?><c>;3:x<y>;"},
	{"  a: b\nx: y\n", "1:?;2:x<y>;"},
	{"a b: c\nx: y\n", "1:?;2:x<y>;"},
	{"a\nx: y\n", "1:?;2:x<y>;"},
	{": b\nx: y\n", "1:?;2:x<y>;"},
	{"a:\nx: y\n", "1:?;2:x<y>;"},
	{"a: # nobody\nx: y\n", "1:a<#><nobody>;2:x<y>;"},
	{"\"a: b\nx: y\n", "1:?;2:x<y>;"},
	{"\"\": b\nx: y\n", "1:?;2:x<y>;"},
	{"a: \"\"\nx: y\n", "1:a<?>;2:x<y>;"},
	{"a: \\\n", "1:a<?>;"},
};

static void entries_are_found(void **state)
{
	char found[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++) {
		describe(entries[i].text, strlen(entries[i].text), found, sizeof(found));
		if (strcmp(found, entries[i].found) != 0)
			print_error("in: %s\n", entries[i].text);
		assert_string_equal(found, entries[i].found);
	}
}

static void nul_is_malformed(void **state)
{
	static const char text[] = "a: b\0c\nx: y\n";
	char found[64];

	(void)state;
	describe(text, sizeof(text) - 1, found, sizeof(found));
	assert_string_equal(found, "1:?;2:x<y>;");
}

static void long_names_and_targets_are_malformed(void **state)
{
	static char text[PATH_MAX + 64];
	static char found[2 * PATH_MAX];

	(void)state;
	memset(text, 'n', ALIAS_NAME_SIZE);
	strcpy(text + ALIAS_NAME_SIZE, ": b\nx: y\n");
	describe(text, strlen(text), found, sizeof(found));
	assert_string_equal(found, "1:?;2:x<y>;");

	strcpy(text, "a: ");
	memset(text + 3, 't', PATH_MAX);
	strcpy(text + 3 + PATH_MAX, ", b\n");
	describe(text, strlen(text), found, sizeof(found));
	assert_string_equal(found, "1:a<?><b>;");
}

static void lists_have_targets_on_lines(void **state)
{
	static const char text[] = "# members\nalice\nbob, carol\n  # more\n  dave # x\n";
	struct alias_value value;
	char found[256] = "";

	(void)state;
	alias_value_init(&value, text, sizeof(text) - 1);
	add_targets(found, sizeof(found), value);
	assert_string_equal(found, "<alice><bob><carol><dave><#><x>");
}

/* Whatever the octets are, the parser comes to an end and stays inside of them. */
static void any_octets_end(void **state)
{
	static const char alphabet[] = "a:,\"\\\n \t#|/<>@\r";
	unsigned seed = 1;
	char text[64];
	char *exact;
	char found[8192];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)(rand_r(&seed) % (int)sizeof(text));

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[(size_t)rand_r(&seed) % sizeof(alphabet)];
		exact = test_malloc(len + 1);
		memcpy(exact, text, len);
		exact[len] = 'x'; /* must not be seen as part of it */
		describe(exact, len, found, sizeof(found));
		test_free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found),
		cmocka_unit_test(nul_is_malformed),
		cmocka_unit_test(long_names_and_targets_are_malformed),
		cmocka_unit_test(lists_have_targets_on_lines),
		cmocka_unit_test(any_octets_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

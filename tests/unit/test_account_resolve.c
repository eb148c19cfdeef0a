/* Aliases: where mail goes, and that no file makes it go anywhere else or for ever. */
#include "account_place.h"

/* "alice bob", or the status of the failure. */
static const char *resolve(const char *address)
{
	static char found[4096];
	struct account_targets targets = {0};

	place.notes[0] = '\0';
	if (account_resolve(&place.conf, address, &targets, note, NULL, &place.why) < 0)
		return place.why.status;
	found[0] = '\0';
	for (size_t i = 0; i < targets.count && i < 100; i++) {
		strcat(found, i ? " " : "");
		strcat(found, targets.list[i].name);
	}
	account_targets_done(&targets);
	return found;
}

static const char *notes_have(const char *text)
{
	return strstr(place.notes, text);
}

static int make_users(void **state)
{
	int err = make_place(state);

	if (err == 0)
		write_file("users", "alice:x\nbob:x\ncarol@example.net:x\nlist:x\n");
	return err;
}

static void test_without_aliases(void **state)
{
	(void)state;
	assert_string_equal(resolve("alice@example.org"), "alice");
	assert_string_equal(resolve("ALICE+x@EXAMPLE.NET"), "alice");
	assert_string_equal(resolve("\"alice\"@example.org"), "alice");
	assert_string_equal(resolve("\"al\\ice\"@example.org"), "alice");
	assert_string_equal(resolve("alice"), "alice");
	assert_string_equal(resolve("carol@example.net"), "carol@example.net");
	assert_string_equal(resolve("carol@example.org"), "5.1.1");
	assert_string_equal(resolve("nobody@example.org"), "5.1.1");
	assert_string_equal(resolve("alice@elsewhere.example"), "5.7.1");
	assert_string_equal(resolve("@example.org"), "5.1.1");
	assert_string_equal(resolve("a\nb@example.org"), "5.1.1");
	assert_string_equal(resolve("alice@example.org@elsewhere.example"), "5.7.1");
	assert_string_equal(resolve(""), "5.1.1");
	assert_string_equal(resolve(";id;@example.org"), "5.1.1");
	assert_string_equal(resolve("|id@example.org"), "5.1.1");
	assert_string_equal(resolve("/etc/passwd@example.org"), "5.1.1");
	assert_string_equal(resolve(":include:/etc/shadow@example.org"), "5.1.1");
	assert_string_equal(place.notes, "");
}

static void test_aliases(void **state)
{
	(void)state;
	write_file("aliases", "one: alice\n"
			      "Two: alice,\n\tbob, alice, ALICE+x\n"
			      "\"odd name\": bob\n"
			      "nested: two, one\n"
			      "tagged+x: bob\ntagged: alice\n"
			      "bob: bob, alice\n" /* the account and a copy */
			      "list: \\list\n"
			      "final: \\bob\n"
			      "far: carol@example.net\n"
			      "here: alice@EXAMPLE.ORG\n");
	assert_string_equal(resolve("one@example.org"), "alice");
	assert_string_equal(resolve("two@example.net"), "alice bob");
	assert_string_equal(resolve("TWO+tag@example.org"), "alice bob");
	assert_string_equal(resolve("\"odd name\"@example.org"), "bob alice");
	assert_string_equal(resolve("nested@example.org"), "alice bob");
	assert_string_equal(resolve("tagged+x@example.org"), "bob alice");
	assert_string_equal(resolve("tagged+y@example.org"), "alice");
	assert_string_equal(resolve("bob@example.org"), "bob alice");
	assert_string_equal(resolve("list@example.org"), "list");
	assert_string_equal(resolve("final@example.org"), "bob");
	assert_string_equal(resolve("far@example.org"), "carol@example.net");
	assert_string_equal(resolve("here@example.org"), "alice");
	assert_string_equal(place.notes, "");
}

static void test_mistakes(void **state)
{
	(void)state;
	write_file("aliases", "cmd: \"|/bin/sh -c id\", alice\n"
			      "only-cmd: |/bin/true\n"
			      "file: /etc/passwd, bob\n"
			      "only-file: /tmp/x\n"
			      "ghost: nobody-here, alice\n"
			      "only-ghost: nobody-here\n"
			      "remote: alice, bob@elsewhere.example\n"
			      "this line is none\n");
	assert_string_equal(resolve("cmd@example.org"), "alice");
	assert_non_null(notes_have("cmd: refused: command |/bin/sh -c id"));
	assert_non_null(notes_have("/aliases:8: "));
	assert_string_equal(resolve("only-cmd@example.org"), "4.3.5");
	assert_int_equal(place.why.class, WHY_TEMP);
	assert_string_equal(resolve("file@example.org"), "bob");
	assert_non_null(notes_have("file: refused: file /etc/passwd"));
	assert_string_equal(resolve("only-file@example.org"), "4.3.5");
	assert_string_equal(resolve("ghost@example.org"), "alice");
	assert_non_null(notes_have("no such user: nobody-here"));
	assert_string_equal(resolve("only-ghost@example.org"), "4.3.5");
	assert_string_equal(resolve("remote@example.org"), "4.3.5");
	assert_non_null(notes_have("queue"));
}

static void test_loops(void **state)
{
	static char text[16384];
	size_t len = 0;

	(void)state;
	write_file("aliases", "a: b\nb: c\nc: a\n"
			      "d: d\n"
			      "e: f, alice\nf: e, bob\n"
			      "alice: bob\nbob: alice\n");
	assert_string_equal(resolve("a@example.org"), "4.3.5");
	assert_non_null(notes_have("leads back to itself"));
	assert_string_equal(resolve("d@example.org"), "4.3.5");
	assert_string_equal(
		resolve("alice@example.org"), "4.3.5"); /* two who forward to each other */

	for (int i = 0; i < 9; i++)
		len += (size_t)sprintf(text + len, "n%d: n%d\n", i, i + 1);
	strcpy(text + len, "n9: alice\nm: n0\n");
	write_file("aliases", text);
	assert_string_equal(resolve("n0@example.org"), "alice");
	assert_string_equal(resolve("m@example.org"), "4.3.5");
	assert_non_null(strstr(place.why.text, "too deep"));
}

static void write_include(const char *alias, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: :include:%s\n", alias, path_of(name));
	write_file("aliases", text);
}

static void test_includes(void **state)
{
	char text[512];

	(void)state;
	write_include("all", "members");
	write_file("members", "# ours\nalice\n bob, carol@example.net\n");
	assert_string_equal(resolve("all@example.org"), "alice bob carol@example.net");
	assert_string_equal(place.notes, "");
	/* itself, and a command: noted; the others go on */
	snprintf(text, sizeof(text), "alice\n:include:%s\n|/bin/id\nall\n", path_of("members"));
	write_file("members", text);
	assert_string_equal(resolve("all@example.org"), "alice");
	assert_non_null(notes_have("includes itself"));
	assert_non_null(notes_have("refused: command"));
	write_file("members", "");
	assert_string_equal(resolve("all@example.org"), "4.3.5");
	assert_int_equal(unlink(path_of("members")), 0);
	assert_string_equal(resolve("all@example.org"), "4.3.0");
	assert_int_equal(place.why.class, WHY_TEMP);
}

/* Each of these defers the mail, quickly, and says why. */
static void test_hostile_includes(void **state)
{
	char other[128];

	(void)state;
	write_include("all", "members");
	assert_int_equal(mkfifo(path_of("members"), 0644), 0);
	assert_string_equal(resolve("all@example.org"), "4.3.5");
	assert_non_null(notes_have("not a regular file"));
	unlink(path_of("members"));

	write_file("real", "alice\n");
	strcpy(other, path_of("real"));
	assert_int_equal(symlink(other, path_of("members")), 0);
	assert_string_equal(resolve("all@example.org"), "4.3.5");
	assert_non_null(notes_have("symbolic link"));
	unlink(path_of("members"));

	write_file("members", "alice\n");
	for (int bit = 020; bit >= 002; bit /= 8) {
		assert_int_equal(chmod(path_of("members"), 0644 | (mode_t)bit), 0);
		assert_string_equal(resolve("all@example.org"), "4.3.5");
		assert_non_null(notes_have("writable"));
	}
	assert_int_equal(chmod(path_of("members"), 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path_of("members"), 1, 1), 0);
		assert_string_equal(resolve("all@example.org"), "4.3.5");
		assert_non_null(notes_have("belongs neither"));
	}
	write_file("members", "alice\n");
	assert_int_equal(truncate(path_of("members"), (1 << 20) + 1), 0);
	assert_string_equal(resolve("all@example.org"), "4.3.5");
	assert_non_null(notes_have("too large"));
	unlink(path_of("members"));
	assert_int_equal(mkdir(path_of("members"), 0755), 0);
	assert_string_equal(resolve("all@example.org"), "4.3.5");
}

/* Nothing of a file that was never meant for it comes out through a list, though root may read it.
 */
static void test_shadow_as_list(void **state)
{
	char aliases[512];

	(void)state;
	snprintf(aliases, sizeof(aliases), "all: :include:%s\nzero: :include:/dev/zero\n",
		path_of("members"));
	write_file("members", "root:$y$j9T$secret$hash:1:2:3\nalice:!:1\n|$secret\n");
	write_file("aliases", aliases);
	assert_string_equal(resolve("zero@example.org"), "4.3.5");
	assert_string_equal(resolve("all@example.org"), "4.3.5");
	assert_non_null(notes_have("a line of that list"));
	assert_null(notes_have("$"));
	assert_null(strchr(place.why.text, '$'));
}

static void test_alias_file_of_others(void **state)
{
	(void)state;
	write_file("aliases", "one: alice\n");
	assert_int_equal(chmod(path_of("aliases"), 0646), 0);
	assert_string_equal(resolve("alice@example.org"), "4.3.5");
	assert_int_equal(place.why.class, WHY_TEMP);
	assert_non_null(notes_have("writable"));
}

static void test_many_targets(void **state)
{
	static char users[65536];
	static char members[65536];
	struct account_targets targets = {0};
	size_t len = 0;

	(void)state;
	for (int i = 0; i < ACCOUNT_MAX_TARGETS + 1; i++) {
		len += (size_t)sprintf(users + len, "user%d:x\n", i);
		sprintf(members + strlen(members), "user%d\n", i);
	}
	write_file("users", users);
	write_include("all", "members");
	write_file("members", members);
	assert_string_equal(resolve("all@example.org"), "4.3.5");
	*strstr(members, "user1024\n") = '\0';
	write_file("members", members);
	assert_int_equal(
		account_resolve(&place.conf, "all@example.org", &targets, NULL, NULL, NULL), 0);
	assert_int_equal(targets.count, ACCOUNT_MAX_TARGETS);
	account_targets_done(&targets);
}

static void test_postmaster(void **state)
{
	(void)state;
	assert_string_equal(resolve("postmaster@example.org"), "postmaster");
	assert_string_equal(resolve("PostMaster@example.org"), "postmaster");
	assert_string_equal(resolve("postmaster"), "postmaster");
	write_file("aliases", "root: bob\n");
	assert_string_equal(resolve("postmaster@example.org"), "bob");
	write_file("users", "alice:x\nbob:x\npostmaster:x\n");
	assert_string_equal(resolve("postmaster@example.org"), "postmaster");
	write_file("aliases", "root: bob\npostmaster: alice\n");
	assert_string_equal(resolve("POSTMASTER@example.net"), "alice");
	/* an alias that is amiss does not take it away */
	write_file("users", "alice:x\nbob:x\n");
	write_file("aliases", "postmaster: root\nroot: admin@elsewhere.example\n");
	assert_string_equal(resolve("postmaster@example.org"), "postmaster");
	assert_non_null(notes_have("queue"));
	write_file("aliases", "postmaster: postmaster\n");
	assert_string_equal(resolve("postmaster@example.org"), "postmaster");
	write_file("aliases", "postmaster: |/bin/cat\nroot: alice\n");
	assert_string_equal(resolve("postmaster@example.org"), "alice");
}

/* Debian's usual file, where no account is called root. */
static void test_aliases_of_postmaster(void **state)
{
	(void)state;
	write_file("aliases", "mailer-daemon: postmaster\npostmaster: root\nabuse: Postmaster\n");
	assert_string_equal(resolve("abuse@example.org"), "postmaster");
	assert_string_equal(resolve("MAILER-DAEMON@example.org"), "postmaster");
	write_file("aliases", "abuse: postmaster\n");
	assert_string_equal(resolve("abuse@example.org"), "postmaster");
	write_file("aliases", "abuse: postmaster\nroot: bob\n");
	assert_string_equal(resolve("abuse@example.org"), "bob");
	write_file("aliases", "abuse: postmaster, alice\n");
	assert_string_equal(resolve("abuse@example.org"), "alice");
	write_file("aliases", "hostmaster: nobody-here\n");
	assert_string_equal(resolve("hostmaster@example.org"), "4.3.5");
}

#define USERS_TEST(f) cmocka_unit_test_setup_teardown(f, make_users, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USERS_TEST(test_without_aliases),
		USERS_TEST(test_aliases),
		USERS_TEST(test_mistakes),
		USERS_TEST(test_loops),
		USERS_TEST(test_includes),
		USERS_TEST(test_hostile_includes),
		USERS_TEST(test_shadow_as_list),
		USERS_TEST(test_alias_file_of_others),
		USERS_TEST(test_many_targets),
		USERS_TEST(test_postmaster),
		USERS_TEST(test_aliases_of_postmaster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names of accounts, and where their mailboxes are. */
#include "account_place.h"

#include <errno.h>
#include <pwd.h>

static void test_names(void **state)
{
	static const char *const good[] = {"a", "alice", "A.b_c-d+e=f@g", "_x", "0",
		"alice@example.org", "x-", "a.b.", "lock", "a.locks", "alock", "a.lock-",
		"a@lock.example"};
	static const char *const bad[] = {"", ".a", "-a", "a..b", "a/b", "../a", "a b", "a\nb",
		"a\tb", "\xc3\xa9", "a:b", "a;b", "$(id)", "`id`", "|id", "a\"b", "a\\b", "a%b",
		"a*b", "a'b", "a\x7f", "~a", "/etc/passwd", "a,b", "<a>", "a.lock", "a.LOCK",
		"A.b.Lock", "a.lock@example.org", "a@b.lock"};
	char name[ACCOUNT_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(account_name_ok(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(account_name_ok(bad[i]));
	memset(name, 'a', sizeof(name));
	name[ACCOUNT_NAME_MAX - 1] = '\0';
	assert_true(account_name_ok(name));
	name[ACCOUNT_NAME_MAX - 1] = 'a';
	name[ACCOUNT_NAME_MAX] = '\0';
	assert_false(account_name_ok(name));
}

static const char *location(const char *template, const char *name, const char *domain)
{
	static struct account account;

	place.conf.mailbox = template;
	if (account_find(&place.conf, name, domain, &account, &place.why) < 0)
		return place.why.status;
	return account.location;
}

static void test_locations(void **state)
{
	(void)state;
	write_file("users", "alice:x\ncarol@example.net:x\n");
	assert_string_equal(location("mbox:/m/%u", "alice", ""), "mbox:/m/alice");
	assert_string_equal(
		location("mbox:/m/%u", "carol", "example.net"), "mbox:/m/carol@example.net");
	/* The domain of one who is the same in all of them is the first, whichever the mail names.
	 */
	assert_string_equal(location("mbox:/m/%d/%u", "alice", ""), "mbox:/m/example.org/alice");
	assert_string_equal(
		location("mbox:/m/%d/%u", "alice", "example.net"), "mbox:/m/example.org/alice");
	assert_string_equal(
		location("mbox:/m/%d/%u", "carol", "example.net"), "mbox:/m/example.net/carol");
	assert_string_equal(location("mbox:/m/%%%u", "alice", ""), "mbox:/m/%alice");
	assert_string_equal(location("mbox:%h/mbox", "alice", ""), "4.3.5");
	assert_string_equal(location("mbox:%h/mbox", "nobody.here", ""), "5.1.1");
}

static void test_finding(void **state)
{
	static const struct {
		const char *name;
		const char *domain;
		const char *found; /* its name; or the status of the failure */
	} cases[] = {
		{"alice", "", "alice"},
		{"ALICE", "", "alice"},
		{"alice", "example.org", "alice"},
		{"alice", "EXAMPLE.net", "alice"},
		{"alice", "elsewhere.example", "5.1.1"},
		{"alice+tag", "example.org", "alice"},
		{"alice+a+b", "example.org", "alice"},
		{"Alice+Tag", "", "alice"},
		{"with+plus", "", "with+plus"},
		{"+tag", "", "5.1.1"},
		{"Mixed", "", "Mixed"},
		{"mixed", "", "5.1.1"},
		{"both", "example.org", "both@example.org"},
		{"both", "example.net", "both"},
		{"both", "", "both"},
		{"carol", "example.net", "carol@example.net"},
		{"carol", "example.org", "5.1.1"},
		{"carol", "", "5.1.1"},
		{"../alice", "", "5.1.1"},
		{"", "", "5.1.1"},
		/* alice's dotlock is no account's mailbox, but a tag may look like one. */
		{"alice.lock", "", "5.1.1"},
		{"alice.LOCK", "example.org", "5.1.1"},
		{"alice.lock+tag", "", "5.1.1"},
		{"alice+x.lock", "example.org", "alice"},
	};
	struct account account;

	(void)state;
	write_file("users",
		"alice:x\nboth:x\nwith+plus:x\nMixed:x\nboth@example.org:x\ncarol@example.net:x\n"
		"alice.lock:x\nalice.lock@example.org:x\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		int err = account_find(
			&place.conf, cases[i].name, cases[i].domain, &account, &place.why);

		if (err < 0)
			assert_string_equal(place.why.status, cases[i].found);
		else
			assert_string_equal(account.name, cases[i].found);
	}
	place.conf.delimiter = '\0';
	assert_true(account_find(&place.conf, "alice+tag", "", &account, &place.why) < 0);
}

static void test_owner(void **state)
{
	struct account account;

	(void)state;
	write_file("users", "alice:x\n");
	assert_int_equal(account_find(&place.conf, "alice", "", &account, &place.why), 0);
	assert_int_not_equal(account.uid, 0);
	place.conf.owner = "root";
	assert_true(account_find(&place.conf, "alice", "", &account, &place.why) < 0);
	assert_int_equal(place.why.class, WHY_TEMP);
	assert_non_null(strstr(place.why.text, "[accounts] owner"));
	place.conf.owner = "no-such-user-here";
	assert_true(account_find(&place.conf, "alice", "", &account, &place.why) < 0);
	assert_int_equal(place.why.class, WHY_TEMP);
	place.conf.owner = "";
	assert_int_equal(
		account_find(&place.conf, "alice", "", &account, &place.why) < 0, geteuid() == 0);
}

/* A file that can't be read is never "no such user". */
static void test_bad_files(void **state)
{
	struct account account;

	(void)state;
	assert_true(account_find(&place.conf, "alice", "", &account, &place.why) < 0);
	assert_int_equal(place.why.class, WHY_TEMP);
	write_file("users", "alice:x\n");
	assert_int_equal(chmod(path_of("users"), 0666), 0);
	assert_true(account_find(&place.conf, "alice", "", &account, &place.why) < 0);
	assert_int_equal(place.why.class, WHY_TEMP);
	assert_int_equal(unlink(path_of("users")), 0);
	assert_int_equal(mkfifo(path_of("users"), 0644), 0);
	assert_true(account_find(&place.conf, "alice", "", &account, &place.why) < 0);
	assert_int_equal(place.why.class, WHY_TEMP);
}

static void test_self(void **state)
{
	struct account account;
	struct passwd *pw = getpwuid(geteuid());

	(void)state;
	place.conf.source = CONF_SOURCE_SELF;
	assert_non_null(pw);
	assert_int_equal(account_find(&place.conf, pw->pw_name, "", &account, &place.why), 0);
	assert_int_equal(account.uid, geteuid());
	assert_true(account_find(&place.conf, "bin", "", &account, &place.why) < 0);
	assert_string_equal(place.why.status, "5.1.1");
}

/* Under `system` a process that is not root says "not now" for others, never "no such user". */
static void test_system(void **state)
{
	struct account account;
	int err;

	(void)state;
	place.conf.source = CONF_SOURCE_SYSTEM;
	err = account_find(&place.conf, "bin", "", &account, &place.why);
	assert_int_equal(err, geteuid() == 0 ? 0 : -EPERM);
	if (err < 0)
		assert_int_equal(place.why.class, WHY_TEMP);
	assert_true(account_find(&place.conf, "no-such-user-here", "", &account, &place.why) < 0);
	assert_string_equal(place.why.status, "5.1.1");
}

/* One text for each account, however it is spelled, and for names that are none. */
static void test_login_names(void **state)
{
	static const struct {
		enum conf_source source;
		const char *user;
		const char *name;
	} examples[] = {
		{CONF_SOURCE_SYSTEM, "alice", "alice"},
		{CONF_SOURCE_SYSTEM, "ALICE", "alice"},
		{CONF_SOURCE_SYSTEM, "Alice@Example.ORG", "alice"},
		{CONF_SOURCE_SYSTEM, "alice@example.net", "alice"},
		{CONF_SOURCE_SYSTEM, "alice@elsewhere.example", ""},
		{CONF_SOURCE_SYSTEM, "../alice", ""},
		{CONF_SOURCE_SYSTEM, "", ""},
		{CONF_SOURCE_SELF, "ALICE", "alice"},
		{CONF_SOURCE_FILE, "Alice", "alice"},
		{CONF_SOURCE_FILE, "alice@EXAMPLE.org", "alice"},
		{CONF_SOURCE_FILE, "alice@example.net", "alice"},
		{CONF_SOURCE_FILE, "@example.net", ""},
		{CONF_SOURCE_FILE, "alice@elsewhere.example", ""},
	};
	char long_name[2 * ACCOUNT_NAME_MAX];
	char name[ACCOUNT_LOGIN_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		place.conf.source = examples[i].source;
		account_login_name(&place.conf, examples[i].user, name);
		if (strcmp(name, examples[i].name) != 0)
			fail_msg("%s is \"%s\"", examples[i].user, name);
	}
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	account_login_name(&place.conf, long_name, name);
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_names),
		PLACE_TEST(test_locations),
		PLACE_TEST(test_finding),
		PLACE_TEST(test_owner),
		PLACE_TEST(test_bad_files),
		PLACE_TEST(test_self),
		PLACE_TEST(test_system),
		PLACE_TEST(test_login_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

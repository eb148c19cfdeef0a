/* The account file: its lines, and logging in with it. */
#include "account_place.h"

#include "account/account_lines.h"

#include <crypt.h>
#include <errno.h>
#include <time.h>

static void describe(const char *text, size_t len, char *out, size_t size)
{
	struct account_lines lines;
	struct account_line line;
	int more;

	out[0] = '\0';
	account_lines_init(&lines, text, len);
	while ((more = account_lines_next(&lines, &line)) != 0) {
		size_t at = strlen(out);

		if (more > 0)
			snprintf(
				out + at, size - at, "%u:%s=%s;", lines.line, line.name, line.hash);
		else
			snprintf(out + at, size - at, "%u:?;", lines.line);
	}
}

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		const char *found;
	} cases[] = {
		{"", ""},
		{"# comment\n\n", ""},
		{"a:$5$x", "1:a=$5$x;"},
		{"a:$5$x\nb:$5$y\n", "1:a=$5$x;2:b=$5$y;"},
		{"a@b.c:$5$x:1:2::/home:/sh\n", "1:a@b.c=$5$x;"},
		{"a:$5$x\r\n", "1:a=$5$x;"},
		{"a:*\nb:!\nc:\nd:!$5$x\ne:*LK*\n", "1:a=;2:b=;3:c=;4:d=;5:e=;"},
		{"a\n:x\na b:x\n../a:x\nok:$5$x\n", "1:?;2:?;3:?;4:?;5:ok=$5$x;"},
		{" a:x\n\n#\nb:xx\n", "1:?;4:b=xx;"},
		{"a:has space\n", "1:a=;"},
	};
	static const char nul[] = "a:$5$\0x\nb:xx\n";
	char found[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		describe(cases[i].text, strlen(cases[i].text), found, sizeof(found));
		assert_string_equal(found, cases[i].found);
	}
	describe(nul, sizeof(nul) - 1, found, sizeof(found));
	assert_string_equal(found, "1:?;2:b=xx;");
}

/* The name that logged in; or the status of the failure. */
static const char *login(const char *user, const char *password)
{
	static struct account account;
	const struct account_credentials credentials = {
		.user = user, .password = password, .remote = "192.0.2.1", .service = "pop3"};

	place.notes[0] = '\0';
	if (account_login(&place.conf, &credentials, &account, note, NULL, &place.why) < 0)
		return place.why.status;
	return account.name;
}

static void add_user(char *text, const char *name, const char *method)
{
	static struct crypt_data data;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash;

	assert_non_null(
		crypt_gensalt_rn(method, 0, "0123456789abcdef", 16, setting, sizeof(setting)));
	hash = crypt_rn("secret", setting, &data, sizeof(data));
	assert_non_null(hash);
	sprintf(text + strlen(text), "%s:%s\n", name, hash);
}

static void test_login(void **state)
{
	char text[4096] = "# users\nbroken line\n";

	(void)state;
	add_user(text, "yes", "$y$");
	add_user(text, "six", "$6$");
	add_user(text, "blow", "$2b$");
	add_user(text, "carol@example.net", "$5$");
	strcat(text, "locked:!$5$abc\nempty:\nnone:*\njunk:nonsense\ntrunc:$5$\n");
	write_file("users", text);
	assert_string_equal(login("yes", "secret"), "yes");
	assert_non_null(strstr(place.notes, "/users:2: "));
	assert_string_equal(login("YES", "secret"), "yes");
	assert_string_equal(login("six", "secret"), "six");
	assert_string_equal(login("blow", "secret"), "blow");
	assert_string_equal(login("yes@example.org", "secret"), "yes");
	assert_string_equal(login("carol@example.net", "secret"), "carol@example.net");
	assert_string_equal(login("carol", "secret"), "5.7.8");
	assert_string_equal(login("carol@example.org", "secret"), "5.7.8");
	assert_string_equal(login("yes@elsewhere.example", "secret"), "5.7.8");
	assert_string_equal(login("yes+tag", "secret"), "5.7.8");
	assert_string_equal(login("yes", "Secret"), "5.7.8");
	assert_string_equal(login("yes", ""), "5.7.8");
	assert_string_equal(login("yes", "secret "), "5.7.8");
	assert_string_equal(login("", "secret"), "5.7.8");
	assert_string_equal(login("../yes", "secret"), "5.7.8");
	for (const char *user = "locked\0empty\0none\0junk\0trunc\0nobody-here\0"; *user;
		user += strlen(user) + 1) {
		assert_string_equal(login(user, "secret"), "5.7.8");
		assert_string_equal(login(user, ""), "5.7.8");
		assert_int_equal(place.why.class, WHY_AUTH);
		assert_string_equal(place.why.text, "authentication failed");
	}
}

static void test_login_without_file(void **state)
{
	(void)state;
	assert_string_equal(login("alice", "secret"), "4.7.0");
	assert_int_equal(place.why.class, WHY_TEMP);
	assert_non_null(strstr(place.notes, "/users"));
	write_file("users", "");
	assert_string_equal(login("alice", "secret"), "5.7.8");
}

static void test_owner_is_root(void **state)
{
	char text[512] = "";

	(void)state;
	add_user(text, "alice", "$5$");
	write_file("users", text);
	place.conf.owner = "root";
	assert_string_equal(login("alice", "secret"), "4.3.5");
	assert_non_null(strstr(place.notes, "[accounts] owner"));
}

static double cpu_seconds(const char *user)
{
	clock_t began = clock();

	assert_string_equal(login(user, "wrong"), "5.7.8");
	return (double)(clock() - began) / CLOCKS_PER_SEC;
}

/* An unknown or locked name costs what a known one does: one crypt of the file's method. */
static void test_same_cost(void **state)
{
	char text[1024] = "";
	double known, unknown, locked;

	(void)state;
	add_user(text, "alice", "$y$");
	strcat(text, "locked:!\n");
	write_file("users", text);
	known = cpu_seconds("alice");
	unknown = cpu_seconds("nobody-here");
	locked = cpu_seconds("locked");
	assert_true(unknown > known / 3 && unknown < known * 3);
	assert_true(locked > known / 3 && locked < known * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_lines),
		PLACE_TEST(test_login),
		PLACE_TEST(test_login_without_file),
		PLACE_TEST(test_owner_is_root),
		PLACE_TEST(test_same_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

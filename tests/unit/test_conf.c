/* The configuration: each mistake is an error that names file and line; defaults hold where it is
 * silent. */
#include "conf/conf.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/pillarbox-conf.XXXXXX";

static int load(const char *text, struct conf *conf, struct why *why)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return conf_load(conf, path, why);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void test_values(void **state)
{
	static struct conf conf;
	struct why why;

	(void)state;
	assert_int_equal(
		load("# comment\n[server]\nhostname = Mail.Example.ORG\n"
		     "domains = a.example, B.example\ndomains = c.example\n"
		     "[store]\nmailbox = maildir:%h/Maildir\n"
		     "[smtp]\nmax_message_size = 2M\n[auth]\nplaintext = never\nfailure_delay=1m\n"
		     "[accounts]\ndelimiter =\n; another\n[limits]\nerrors = 7\n",
			&conf, &why),
		0);
	assert_string_equal(conf.hostname, "mail.example.org");
	assert_int_equal(conf.domain_count, 3);
	assert_true(conf_is_local_domain(&conf, "B.EXAMPLEx", 9));
	assert_false(conf_is_local_domain(&conf, "b.example.", 10));
	assert_int_equal(conf.max_message_size, 2 << 20);
	assert_string_equal(conf.mailbox, "maildir:%h/Maildir");
	assert_int_equal(conf.plaintext, CONF_PLAINTEXT_NEVER);
	assert_int_equal(conf.failure_delay_ms, 60000);
	assert_int_equal(conf.delimiter, '\0');
	assert_int_equal(conf.limits.errors, 7);
	assert_int_equal(conf.limits.idle_seconds, 600); /* a default */
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		const char *place;
	} examples[] = {
		{"[server]\nhostnam = x\n", ":2: [server] hostnam: unknown key"},
		{"[sever]\nhostname = x\n", ":2: [sever] hostname: unknown key"},
		{"\n[smtp]\nmax_message_size = lots\n", ":3: [smtp] max_message_size: a size"},
		{"[smtp]\nmax_message_size = -1\n", ":2:"},
		{"[smtp]\nmax_message_size = 99999999999999999999\n", ":2:"},
		{"[smtp]\nmax_recipients = 0\n", ":2: [smtp] max_recipients: it must be 1 to"},
		{"[server]\nhostname = a b\n", ":2:"},
		{"[server]\nhostname =\n", ":2:"},
		{"[server]\ndomains = a..b\n", ":2:"},
		{"[store]\nmailbox = /var/mail/%u\n", ":2:"},
		{"[store]\nmailbox = mbox:/var/mail/%x\n", ":2:"},
		{"[store]\nmailbox = mbox:/var/mail/%\n", ":2:"},
		{"[store]\nmailbox = mbox:mail/%u\n", ":2:"},
		{"[store]\nmailbox = maildir:mail/%u\n", ":2:"},
		{"[store]\nmailbox = maildir:%h/Maildir/\n", ":2:"},
		{"[store]\nmailbox = mbox:/var/mail/%u/\n", ":2:"},
		{"[store]\nmailbox = maildir:/\n", ":2:"},
		{"[store]\nmailbox = maildir:\n", ":2:"},
		{"[store]\nstate = lib\n", ":2:"},
		{"[accounts]\nsource = ldap\n", ":2: [accounts] source: one of these is wanted"},
		{"[accounts]\nowner = ../x\n", ":2:"},
		{"[limits]\nerrors = 1x\n", ":2:"},
		{"[server]\nnonsense\n", ":2: neither"},
		{"[server\nhostname = x\n", ":1: neither"},
		{"[server]\nhostname = a\n  .example\n", ":3: a line must not begin with a space"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		static struct conf conf;
		struct why why;

		if (load(examples[i].text, &conf, &why) == 0)
			fail_msg("taken: %s", examples[i].text);
		if (strncmp(why.text, path, strlen(path)) != 0 ||
			!strstr(why.text, examples[i].place))
			fail_msg("\"%s\" is told as \"%s\"", examples[i].text, why.text);
	}
}

static void test_long_line(void **state)
{
	static struct conf conf;
	char text[1200] = "[server]\nhostname = ";
	struct why why;

	(void)state;
	memset(text + strlen(text), 'a', 1000);
	assert_int_not_equal(load(text, &conf, &why), 0);
	assert_non_null(strstr(why.text, ":2: the line is too long"));
}

static void test_missing_file(void **state)
{
	static struct conf conf;
	struct why why;

	(void)state;
	assert_int_not_equal(conf_load(&conf, "/nonexistent/pillarbox.conf", &why), 0);
	assert_non_null(strstr(why.text, "/nonexistent/pillarbox.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_missing_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}

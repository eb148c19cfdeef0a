/* account_place - a folder with an account file and aliases, and the configuration that names them.
 */
#ifndef TESTS_ACCOUNT_PLACE_H
#define TESTS_ACCOUNT_PLACE_H

#include "account/account.h"
#include "conf/conf_defaults.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char folder[64];
	struct conf conf;
	char notes[8192]; /* what the library told, a line each */
	struct why why;
};

static struct place place;

__attribute__((unused)) static void note(void *context, const char *text)
{
	size_t len = strlen(place.notes);

	(void)context;
	snprintf(place.notes + len, sizeof(place.notes) - len, "%s\n", text);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", place.folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file;

	unlink(path_of(name));
	file = fopen(path_of(name), "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path_of(name), 0644), 0);
}

static void set(const char *section, const char *name, const char *value)
{
	if (conf_set(&place.conf, section, name, value, &place.why) < 0)
		fail_msg("[%s] %s = %s: %s", section, name, value, place.why.text);
}

static int make_place(void **state)
{
	struct conf *conf = &place.conf;

	(void)state;
	memset(&place, 0, sizeof(place));
	strcpy(place.folder, "/tmp/pillarbox-account.XXXXXX");
	if (!mkdtemp(place.folder))
		return -1;
	if (conf_defaults(conf, &place.why) < 0)
		return -1;
	set("server", "hostname", "mail.example.org");
	set("server", "domains", "example.org example.net");
	set("accounts", "source", "file");
	set("accounts", "file", path_of("users"));
	set("accounts", "aliases", path_of("aliases"));
	set("store", "mailbox", "mbox:/mail/%u");
	if (geteuid() == 0)
		set("accounts", "owner", "daemon"); /* never root */
	return 0;
}

static int remove_place(void **state)
{
	char command[128];

	(void)state;
	conf_done(&place.conf);
	snprintf(command, sizeof(command), "rm -rf %s", place.folder);
	return system(command);
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

#endif

/*
 * Who an address of the network's reaches (account/account.h), by aliases, lists and an account
 * file of any content: they are the administrator's, or a list's owner's, and may be wrong in any
 * way.
 *
 * It comes to an end; whoever is reached has a sound name, a mailbox that is a file in the one
 * folder and is not root; no file is looked at but these.
 */
#include "account/account_lines.h"
#include "account/account_text.h"
#include "account/alias.h"
#include "fuzz.h"
#include "settings.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct fuzz_text aliases, users, list;

FAKE(account_text_read);
int __wrap_account_text_read(struct account_text *text, const char *path,
	const struct account_text_rules *rules, struct why *why)
{
	const struct fuzz_text *from = strcmp(path, "/aliases") == 0 ? &aliases
				       : strcmp(path, "/users") == 0 ? &users
				       : strcmp(path, "/list") == 0  ? &list
								     : NULL;

	*text = (struct account_text){0};
	/* A list's name may be that of one of the other two. */
	must(*path == '/' && (rules->strict || from == &aliases || from == &users));
	if (!from)
		return why_errno(why, ENOENT, path, "open");
	text->at = malloc(from->len + 1);
	must(text->at != NULL);
	memcpy(text->at, from->at, from->len);
	text->at[from->len] = '\0';
	text->len = from->len;
	return 0;
}

/* The mailboxes' owner. */
FAKE(getpwnam_r);
int __wrap_getpwnam_r(const char *restrict name, struct passwd *restrict pw, char *restrict space,
	size_t size, struct passwd **restrict result)
{
	static char home[] = "/home";

	(void)space;
	(void)size;
	must(strcmp(name, "mail-owner") == 0);
	*pw = (struct passwd){.pw_dir = home, .pw_uid = geteuid() ? geteuid() : 1000};
	*result = pw;
	return 0;
}

static void note(void *context, const char *text)
{
	size_t *notes = context;

	must(strlen(text) < sizeof(((struct why *)NULL)->text));
	++*notes;
}

static const struct conf *conf(void)
{
	static const struct setting rows[] = {
		{"server", "hostname", "example.org"},
		{"server", "domains", "example.org, example.net"},
		{"accounts", "source", "file"},
		{"accounts", "file", "/users"},
		{"accounts", "owner", "mail-owner"},
		{"accounts", "aliases", "/aliases"},
		{"accounts", "delimiter", "+"},
		{"store", "mailbox", "mbox:/mail/%u"},
		{0},
	};
	static struct conf made;

	if (!made.hostname)
		settings_make(&made, rows);
	return &made;
}

static void check_account(const struct account *account)
{
	static const char folder[] = "mbox:/mail/";
	const char *file = account->location + sizeof(folder) - 1;
	size_t len = strlen(file);

	must(account->uid != 0 && account_name_ok(account->name));
	must(strncmp(account->location, folder, sizeof(folder) - 1) == 0);
	must(len > 0 && !strchr(file, '/') && *file != '.' && *file != '-');
	must(len < 5 || strcasecmp(file + len - 5, ".lock") != 0);
	must(fuzz_is_printable(account->location, strlen(account->location), true));
	must(*account->key && account->key[strspn(account->key, "0123456789")] == '\0');
}

static void check_resolution(const char *address)
{
	struct account_targets targets = {0};
	size_t notes = 0;
	struct why why = {0};
	int err = account_resolve(conf(), address, &targets, note, &notes, &why);

	must(notes <= 10000);
	must(err == 0 ? targets.count > 0 && targets.count <= ACCOUNT_MAX_TARGETS
		      : targets.count == 0 && (why.class == WHY_PERM || why.class == WHY_TEMP));
	for (size_t i = 0; i < targets.count; i++)
		check_account(&targets.list[i]);
	account_targets_done(&targets);
}

/* RFC 5321 4.5.1: mail for postmaster is taken, whatever the files say, or deferred. */
static void check_postmaster(void)
{
	struct account_targets targets = {0};
	struct why why = {0};
	int err = account_resolve(conf(), "postmaster@example.org", &targets, NULL, NULL, &why);

	must(err == 0 ? targets.count > 0 : why.class == WHY_TEMP);
	account_targets_done(&targets);
}

static void check_lines(void)
{
	struct account_lines lines;
	struct account_line line;
	size_t count = 0;
	int more;

	account_lines_init(&lines, users.at, users.len);
	while ((more = account_lines_next(&lines, &line)) != 0) {
		must(++count <= users.len);
		if (more < 0)
			continue;
		must(account_name_ok(line.name) && memchr(line.hash, 0, sizeof(line.hash)));
		must(fuzz_is_printable(line.hash, strlen(line.hash), true));
		must(!strpbrk(line.hash, "*!: "));
	}
}

static void check_targets(struct alias_value value, size_t most)
{
	struct alias_target target;
	size_t count = 0;
	int more;

	while ((more = alias_target_next(&value, &target)) != 0) {
		must(++count <= most + 1);
		must(more < 0 || memchr(target.text, 0, sizeof(target.text)));
		must(more < 0 || target.kind != ALIAS_INCLUDE || *target.text == '/');
	}
}

static void check_aliases(void)
{
	struct alias_scan scan;
	struct alias_entry entry;
	struct alias_value value;
	size_t count = 0;
	int more;

	alias_scan_init(&scan, aliases.at, aliases.len);
	while ((more = alias_next(&scan, &entry)) != 0) {
		must(++count <= aliases.len && entry.line > 0);
		must(more < 0 || (*entry.name && memchr(entry.name, 0, sizeof(entry.name))));
		must(more < 0 || (entry.value.at >= aliases.at &&
					 entry.value.end <= aliases.at + aliases.len));
		if (more > 0)
			check_targets(entry.value, aliases.len);
	}
	alias_value_init(&value, list.at, list.len);
	check_targets(value, list.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_text address;
	struct fuzz fuzz;
	char *text;

	fuzz_init(&fuzz, data, size);
	address = fuzz_part(&fuzz);
	if (address.len > 0 && address.at[address.len - 1] == '\n')
		address.len--;
	aliases = fuzz_part(&fuzz);
	users = fuzz_part(&fuzz);
	list = fuzz_rest(&fuzz);
	text = fuzz_string(&address);
	check_lines();
	check_aliases();
	check_resolution(text);
	check_postmaster();
	free(text);
	fuzz_free(&address);
	fuzz_free(&aliases);
	fuzz_free(&users);
	fuzz_free(&list);
	return 0;
}

/* Certificates and keys in files: what can be wrong with them, each told with the right file; what
 * the service manager passes; noticing that they are others now. */
#include "base/clock.h"
#include "io/tls.h"
#include "io/tls_server.h"
#include "tls_peer.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static char *in_root(const char *name, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", root, name);
	return path;
}

static void write_file(const char *name, const char *data, size_t len, mode_t mode)
{
	char path[PATH_MAX];
	int fd = open(in_root(name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static size_t read_cert(const char *name, char *data, size_t size)
{
	FILE *file = fopen(tls_certs(name), "re");
	size_t len;

	assert_non_null(file);
	len = fread(data, 1, size, file);
	fclose(file);
	return len;
}

/* A copy of the build's certificate or key. */
static void copy(const char *name, const char *from, mode_t mode)
{
	char data[16384];

	write_file(name, data, read_cert(from, data, sizeof(data)), mode);
}

static int make_files(void **state)
{
	char data[65536];
	char path[PATH_MAX];
	size_t len;

	(void)state;
	snprintf(root, sizeof(root), "/tmp/pillarbox-tls.XXXXXX");
	assert_non_null(mkdtemp(root));
	copy("good.crt", "ecdsa.crt", 0644);
	copy("good.key", "ecdsa.key", 0640);
	copy("rsa.key", "rsa.key", 0600);
	copy("open.key", "ecdsa.key", 0644);
	copy("writable.key", "ecdsa.key", 0602);
	copy("encrypted.key", "encrypted.key", 0600);
	write_file("empty", "", 0, 0600);
	write_file("text", "nothing of the kind\n", 20, 0600);
	memset(data, 'x', sizeof(data));
	for (len = 0; len <= TLS_FILE_MAX; len += sizeof(data))
		write_file("huge", data, sizeof(data), 0600);
	assert_int_equal(truncate(in_root("huge", path), TLS_FILE_MAX + 1), 0);
	assert_int_equal(mkfifo(in_root("fifo", path), 0600), 0);
	assert_int_equal(mkdir(in_root("folder", path), 0700), 0);
	len = read_cert("ecdsa.crt", data, sizeof(data));
	write_file("half.crt", data, len / 2, 0644);
	len = read_cert("ecdsa.key", data, sizeof(data));
	write_file("half.key", data, len / 2, 0600);
	data[len / 2] = '!';
	data[len / 2 + 1] = '*';
	write_file("broken.key", data, len, 0600);
	len = (size_t)snprintf(data, sizeof(data),
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
	write_file("old-encrypted.key", data, len, 0600);
	len = 0;
	for (int i = 0; i < 17; i++)
		len += read_cert("ecdsa.crt", data + len, sizeof(data) - len);
	write_file("endless.crt", data, len, 0644);
	return 0;
}

static int remove_files(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command); // NOLINT
}

struct fault {
	const char *certificate;
	const char *key;
	const char *name;
	bool at_load; /* only then; else already when it is read */
	const char *file;
	const char *text;
};

static const struct fault faults[] = {
	{"none.crt", "good.key", "", false, "none.crt", "No such file"},
	{"good.crt", "none.key", "", false, "none.key", "No such file"},
	{"none/good.crt", "good.key", "", false, "none/good.crt", "No such file"},
	{"text/good.crt", "good.key", "", false, "text/good.crt", "Not a directory"},
	{"empty", "good.key", "", false, "empty", "empty"},
	{"good.crt", "empty", "", false, "empty", "empty"},
	{"fifo", "good.key", "", false, "fifo", "not a regular file"},
	{"good.crt", "fifo", "", false, "fifo", "not a regular file"},
	{"folder", "good.key", "", false, "folder", "not a regular file"},
	{"good.crt", "folder", "", false, "folder", "not a regular file"},
	{"huge", "good.key", "", false, "huge", "larger than 256 KB"},
	{"good.crt", "huge", "", false, "huge", "larger than 256 KB"},
	{"text", "good.key", "", false, "text", "no certificate in it"},
	{"good.crt", "text", "", false, "text", "no private key in it"},
	{"good.key", "good.key", "", false, "good.key", "no certificate in it"},
	{"good.crt", "encrypted.key", "", false, "encrypted.key", "encrypted"},
	{"good.crt", "old-encrypted.key", "", false, "old-encrypted.key", "encrypted"},
	{"good.crt", "open.key", "", false, "open.key", "everybody"},
	{"good.crt", "writable.key", "", false, "writable.key", "everybody"},
	{"half.crt", "good.key", "", true, "half.crt", "not a usable certificate"},
	{"good.crt", "half.key", "", true, "half.key", "not a usable private key"},
	{"good.crt", "broken.key", "", true, "broken.key", "not a usable private key"},
	{"good.crt", "rsa.key", "", true, "rsa.key", "not the key of the certificate in "},
	{"good.crt", "good.key", "www.example.org", true, "good.crt",
		"not a certificate for www.example.org"},
	{"endless.crt", "good.key", "", true, "endless.crt", "more than 16 certificates"},
};

static int try_server(const struct tls_setup *setup, bool *at_load, struct why *why)
{
	struct tls_server *server = NULL;
	int err = tls_server_new(setup, &server, why);

	*at_load = err == 0;
	if (!err)
		err = tls_server_load(server, why);
	tls_server_free(&server);
	return err;
}

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		char paths[5][PATH_MAX];
		/* The faulty one is second, so that a file named is not just the first. */
		const struct tls_pair pairs[] = {
			{"", in_root("good.crt", paths[0]), in_root("good.key", paths[1])},
			{faults[i].name, in_root(faults[i].certificate, paths[2]),
				in_root(faults[i].key, paths[3])},
		};
		const struct tls_setup setup = {.pairs = pairs, .count = 2};
		int64_t begun = clock_ms();
		struct why why = {0};
		bool at_load;

		assert_true(try_server(&setup, &at_load, &why) < 0);
		print_message("# %s\n", why.text);
		assert_int_equal(at_load, faults[i].at_load);
		in_root(faults[i].file, paths[4]);
		assert_memory_equal(why.text, paths[4], strlen(paths[4]));
		assert_non_null(strstr(why.text, faults[i].text));
		assert_true(clock_ms() - begun < 2000);
	}
}

static void test_unreadable(void **state)
{
	char paths[2][PATH_MAX];
	const struct tls_pair pair = {
		"", in_root("good.crt", paths[0]), in_root("secret.key", paths[1])};
	const struct tls_setup setup = {.pairs = &pair, .count = 1};
	struct why why;
	bool at_load;

	(void)state;
	if (geteuid() == 0)
		skip();
	copy("secret.key", "ecdsa.key", 0);
	assert_int_equal(try_server(&setup, &at_load, &why), -EACCES);
	assert_non_null(strstr(why.text, "secret.key: open: Permission denied"));
}

static const struct {
	const char *text;
	const char *error; /* NULL: none */
} priorities[] = {
	{"", NULL},
	{"NORMAL", NULL},
	{"SECURE256:%SERVER_PRECEDENCE", NULL},
	{"NORMAL:+FOO:+AEAD", "from character 8 on: +FOO:+AEAD"},
	{"nonsense", "from character 1 on: nonsense"},
	{"NORMAL:-VERS-ALL", "[tls] priorities: "},
	{"NORMAL:-VERS-ALL:+VERS-TLS1.1", "[tls] priorities: "},
};

static void test_priorities(void **state)
{
	char paths[2][PATH_MAX];
	const struct tls_pair pair = {
		"", in_root("good.crt", paths[0]), in_root("good.key", paths[1])};
	struct tls_setup setup = {.pairs = &pair, .count = 1};
	char endless[600];
	struct why why;
	bool at_load;

	(void)state;
	for (size_t i = 0; i < COUNT(priorities); i++) {
		int err;

		setup.priorities = priorities[i].text;
		err = try_server(&setup, &at_load, &why);
		print_message("# %s: %s\n", priorities[i].text, err < 0 ? why.text : "");
		assert_true(at_load);
		assert_int_equal(err < 0, priorities[i].error != NULL);
		if (err < 0)
			assert_non_null(strstr(why.text, priorities[i].error));
	}
	memset(endless, ':', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	setup.priorities = endless;
	assert_int_equal(try_server(&setup, &at_load, &why), -ENAMETOOLONG);
	assert_string_equal(why.text, "[tls] priorities: too long");
}

static void test_no_pair(void **state)
{
	const struct tls_setup setup = {0};
	struct tls_server *server = NULL;
	struct why why;

	(void)state;
	memset(&why, 'x', sizeof(why));
	assert_int_equal(tls_server_new(&setup, &server, &why), -ENOENT);
	assert_int_equal(why.class, WHY_NONE);
	assert_null(server);
}

/* Keys are gone from our memory once GnuTLS has them; loading again does nothing. */
static void test_load(void **state)
{
	struct tls_server *server = tls_server_of(NULL, "ecdsa", "rsa", NULL);
	struct why why;

	(void)state;
	for (size_t i = 0; i < server->count; i++)
		assert_null(server->pairs[i].key.at);
	assert_string_equal(tls_server_note(server), "");
	assert_int_equal(tls_server_load(server, &why), 0);
	tls_server_free(&server);

	server = tls_server_of(NULL, "ecdsa", "expired", NULL);
	assert_non_null(strstr(tls_server_note(server), "expired.crt: the certificate expired "));
	tls_server_free(&server);
	tls_server_free(&server);
}

static void test_module(void **state)
{
	char paths[2][PATH_MAX];
	const struct tls_pair pair = {
		"", in_root("good.crt", paths[0]), in_root("good.key", paths[1])};
	const struct tls_setup setup = {.pairs = &pair, .count = 1};
	struct tls_server *server = NULL;
	struct why why;

	(void)state;
	assert_int_equal(tls_server_new(&setup, &server, &why), 0);
	assert_non_null(strstr(tls_module_path(server), "/tls.so"));
	strcpy(server->module_path, "/nonexistent/tls.so");
	assert_true(tls_server_load(server, &why) < 0);
	assert_non_null(strstr(why.text, "/nonexistent/tls.so"));
	strcpy(server->module_path, "libc.so.6");
	assert_true(tls_server_load(server, &why) < 0);
	assert_non_null(strstr(why.text, "another release"));
	tls_server_free(&server);
}

/* setup: of the configuration. The names of the pairs that are taken, in order: "path path ..." */
static void expect_files(const struct tls_setup *setup, const char *files)
{
	struct tls_server *server = NULL;
	struct why why;
	char all[1024] = "";

	if (tls_server_new(setup, &server, &why) < 0)
		fail_msg("%s", why.text);
	for (size_t i = 0; i < server->count; i++) {
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ",
			server->pairs[i].certificate.path + strlen(root) + 1);
		assert_false(tls_server_is_stale(server, setup));
	}
	assert_string_equal(all, files);
	tls_server_free(&server);
}

static void test_credentials(void **state)
{
	char paths[5][PATH_MAX];
	struct tls_pair pairs[] = {
		{"", in_root("good.crt", paths[0]), in_root("good.key", paths[1])},
		{"mail.example.org", in_root("good.crt", paths[2]), in_root("good.key", paths[3])},
	};
	struct tls_setup setup = {.pairs = pairs, .count = 2};
	struct tls_setup none = {0};
	struct tls_server *server;
	struct why why;

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", in_root("folder", paths[4]), 1);
	expect_files(&setup, "good.crt good.crt ");
	write_file("folder/tls.crt", "", 0, 0600);
	write_file("folder/tls.key", "", 0, 0600);
	expect_files(&setup, "good.crt good.crt ");
	assert_int_equal(tls_server_new(&none, &server, &why), -ENOENT);
	assert_int_equal(why.class, WHY_NONE);
	write_file("folder/tls.crt", "\n", 1, 0600); /* SetCredential=, as systemd has it */
	write_file("folder/tls.key", "\n", 1, 0600);
	expect_files(&setup, "good.crt good.crt ");
	write_file("folder/tls.key", "", 0, 0600);

	copy("folder/tls.crt", "rsa.crt", 0600);
	assert_int_equal(tls_server_new(&setup, &server, &why), -EINVAL);
	assert_non_null(strstr(why.text, "folder/tls.key: empty"));
	copy("folder/tls.key", "rsa.key", 0600);
	expect_files(&setup, "folder/tls.crt good.crt ");
	expect_files(&none, "folder/tls.crt ");
	pairs[0].name = "localhost"; /* no [tls]: nothing to stand in for */
	expect_files(&setup, "folder/tls.crt good.crt good.crt ");
	unsetenv("CREDENTIALS_DIRECTORY");
	expect_files(&setup, "good.crt good.crt ");
}

static void touch(const char *path)
{
	const struct timespec times[2] = {{1, 0}, {1, 0}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_stale(void **state)
{
	char paths[4][PATH_MAX];
	struct tls_pair pairs[] = {
		{"", in_root("live.crt", paths[0]), in_root("live.key", paths[1])},
		{"", in_root("good.crt", paths[2]), in_root("good.key", paths[3])},
	};
	struct tls_setup setup = {.pairs = pairs, .count = 1};
	struct tls_server *server = NULL;
	struct why why;
	char path[PATH_MAX];

	(void)state;
	/* As certbot does it: links to the latest. */
	copy("1.crt", "ecdsa.crt", 0644);
	copy("1.key", "ecdsa.key", 0600);
	copy("2.key", "ecdsa.key", 0600);
	assert_int_equal(symlink("1.crt", paths[0]), 0);
	assert_int_equal(symlink("1.key", paths[1]), 0);
	assert_int_equal(tls_server_new(&setup, &server, &why), 0);
	assert_int_equal(tls_server_load(server, &why), 0);
	assert_false(tls_server_is_stale(server, &setup));

	setup.priorities = "NORMAL";
	assert_true(tls_server_is_stale(server, &setup));
	setup.priorities = "";
	assert_false(tls_server_is_stale(server, &setup));
	setup.count = 2;
	assert_true(tls_server_is_stale(server, &setup));
	setup.count = 1;
	pairs[0].name = "mail.example.org";
	assert_true(tls_server_is_stale(server, &setup));
	pairs[0].name = NULL;
	assert_false(tls_server_is_stale(server, &setup));

	assert_int_equal(unlink(paths[1]), 0);
	assert_true(tls_server_is_stale(server, &setup));
	assert_int_equal(symlink("2.key", paths[1]), 0);
	assert_true(tls_server_is_stale(server, &setup));
	assert_int_equal(unlink(paths[1]), 0);
	assert_int_equal(symlink("1.key", paths[1]), 0);
	assert_false(tls_server_is_stale(server, &setup));
	touch(in_root("1.crt", path));
	assert_true(tls_server_is_stale(server, &setup));
	tls_server_free(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_no_pair),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_stale),
	};

	unsetenv("CREDENTIALS_DIRECTORY");
	return cmocka_run_group_tests(tests, make_files, remove_files);
}

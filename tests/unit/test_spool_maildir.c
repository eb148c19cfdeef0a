/* A Maildir's parts: names, sizes, what is cleaned from tmp, the list of a removal. */
#include "spool/maildir.h"
#include "spool/maildir_name.h"
#include "spool/maildir_removal.h"
#include "spool/wire.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/pillarbox-maildir.XXXXXX";
static char state[64];
static char path[64];
static char list[200]; /* of a removal */
static struct spool_place place = {.state = state};
static struct maildir maildir;

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(name);
}

static int setup(void **context)
{
	struct why why;
	char *at;

	(void)context;
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	if (!mkdtemp(folder))
		return -errno;
	snprintf(state, sizeof(state), "%s/state", folder);
	snprintf(path, sizeof(path), "%s/Maildir", folder);
	at = list + snprintf(list, sizeof(list), "%s/", state);
	for (const char *from = path; *from; from++)
		at += sprintf(at, *from == '/' ? "%%2F" : "%c", *from);
	strcpy(at, ".removal");
	place.owner = geteuid();
	return mkdir(state, 0700) < 0 ? -errno : maildir_create(&maildir, &place, path, &why);
}

static int teardown(void **context)
{
	(void)context;
	maildir_close(&maildir);
	return nftw(folder, remove_one, 20, FTW_DEPTH | FTW_PHYS);
}

static char *path_of(const char *name)
{
	static char out[400];

	snprintf(out, sizeof(out), "%s/%s", path, name);
	return out;
}

static void put_file(const char *name)
{
	int fd = open(path_of(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(path_of(name), &st) == 0;
}

static void test_names(void **context)
{
	static const struct {
		const char *name;
		struct maildir_name parsed;
	} rows[] = {
		{"1000000001.M12P3.host,S=4,W=5:2,S",
			{29, 1000000001, 12, true, 4, true, 5, false}},
		{"1000000001.M12P3.host", {21, 1000000001, 12, false, 0, false, 0, false}},
		{"1.V2I3M4.host", {13, 1, 0, false, 0, false, 0, false}},
		{"1.M", {3, 1, 0, false, 0, false, 0, false}},
		{"1.", {2, 1, 0, false, 0, false, 0, false}},
		{"1", {1, 0, 0, false, 0, false, 0, false}},
		{"x1.M2", {5, 0, 0, false, 0, false, 0, false}},
		{"1:2,S=9,W=9", {1, 0, 0, false, 0, false, 0, false}},
		{"a,S=,W=", {7, 0, 0, false, 0, false, 0, false}},
		{"a,S=1x,W=-1", {11, 0, 0, false, 0, false, 0, false}},
		{"a,S=+1,W= 1", {11, 0, 0, false, 0, false, 0, false}},
		{"a,T=1,S=7,,U", {12, 0, 0, true, 7, false, 0, false}},
		{"a,S=99999999999999999999,W=9223372036854775808",
			{46, 0, 0, false, 0, false, 0, false}},
		{"99999999999999999999.M99999999999999999999",
			{42, 0, 0, false, 0, false, 0, false}},
		{"a,U=x", {5, 0, 0, false, 0, false, 0, true}},
		{"\xff\n \x01", {4, 0, 0, false, 0, false, 0, false}},
	};
	static const char *const bad[] = {
		"", ".", "..", ".hidden", ":", ":2,S", "a/b", "../a", "a:2,/../b"};

	(void)context;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct maildir_name parsed;

		assert_true(maildir_name_parse(rows[i].name, strlen(rows[i].name), &parsed));
		assert_int_equal(parsed.base_len, rows[i].parsed.base_len);
		assert_int_equal(parsed.seconds, rows[i].parsed.seconds);
		assert_int_equal(parsed.microseconds, rows[i].parsed.microseconds);
		assert_int_equal(parsed.has_size, rows[i].parsed.has_size);
		assert_int_equal(parsed.has_wire, rows[i].parsed.has_wire);
		if (parsed.has_size)
			assert_int_equal(parsed.size, rows[i].parsed.size);
		if (parsed.has_wire)
			assert_int_equal(parsed.wire, rows[i].parsed.wire);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct maildir_name parsed;

		assert_false(maildir_name_parse(bad[i], strlen(bad[i]), &parsed));
	}
}

static bool is_plausible(const char *name, uint64_t size)
{
	struct maildir_name parsed;

	assert_true(maildir_name_parse(name, strlen(name), &parsed));
	return maildir_name_is_plausible(&parsed, size);
}

static void test_plausible_sizes(void **context)
{
	(void)context;
	assert_true(is_plausible("a,S=10,W=10", 10));
	assert_true(is_plausible("a,S=10,W=20", 10));
	assert_true(is_plausible("a,S=10,W=22", 10)); /* and the last line's end */
	assert_true(is_plausible("a,S=0,W=0", 0));
	assert_false(is_plausible("a,S=10,W=12", 11));
	assert_false(is_plausible("a,S=10,W=9", 10));
	assert_false(is_plausible("a,S=10,W=24", 10));
	assert_false(is_plausible("a,W=12", 10));
	assert_false(is_plausible("a,S=10", 10));
	assert_false(is_plausible("a,S=9223372036854775807,W=9223372036854775807", 10));
}

static void test_uidls(void **context)
{
	char seventy[72];
	char uidl[SPOOL_UIDL_SIZE];
	char other[SPOOL_UIDL_SIZE];

	(void)context;
	memset(seventy, 'x', 71);
	maildir_name_uidl(seventy, 70, 0, uidl);
	assert_int_equal(strlen(uidl), 70);
	assert_memory_equal(uidl, seventy, 70);
	maildir_name_uidl(seventy, 71, 0, uidl);
	assert_int_equal(strspn(uidl, "0123456789abcdef"), 32);
	assert_int_equal(strlen(uidl), 32);
	maildir_name_uidl("a b", 3, 0, other);
	assert_int_equal(strlen(other), 32);
	assert_string_not_equal(uidl, other);
	/* SHA-256 of "a b": clients know it for as long as the message is there */
	assert_string_equal(other, "c8687a08aa5d6ed2044328fa6a697ab8");
	maildir_name_uidl("a", 1, 7, uidl);
	maildir_name_uidl("a", 1, 8, other);
	assert_int_equal(strlen(uidl), 32);
	assert_string_not_equal(uidl, other);
}

static void test_made_names(void **context)
{
	char last[NAME_MAX + 1] = "";

	(void)context;
	for (int i = 0; i < 1000; i++) {
		char name[NAME_MAX + 1];
		struct maildir_name parsed;

		maildir_name_make(name);
		assert_true(maildir_name_parse(name, strlen(name), &parsed));
		assert_int_equal(parsed.base_len, strlen(name));
		assert_true(parsed.seconds > 1000000000);
		assert_true(strlen(name) <= 140);
		assert_string_not_equal(name, last);
		strcpy(last, name);
	}
}

static void test_wire_octets(void **context)
{
	static const struct {
		const char *text;
		uint64_t octets;
	} rows[] = {{"", 0}, {"\n", 2}, {"\r\n", 2}, {"a", 3}, {"a\n", 3}, {"a\r", 4}, {"a\r\n", 3},
		{"\n\n\r\n", 6}, {"a\r\r\nb\n", 7}, {"a\rb\nc", 8}};

	(void)context;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t split = 0; split <= len; split++) {
			struct wire wire = {0};

			wire_text(&wire, rows[i].text, split);
			wire_text(&wire, rows[i].text + split, len - split);
			assert_int_equal(wire_end(&wire), rows[i].octets);
		}
	}
}

#define HOUR 3600

/* Only what nobody has touched for a day, only files, only in tmp. */
static void test_cleaning(void **context)
{
	(void)context;
	put_file("tmp/left");
	put_file("new/1.x");
	put_file("cur/2.x:2,");
	assert_int_equal(mkdir(path_of("tmp/folder"), 0700), 0);
	assert_int_equal(symlink("/etc/passwd", path_of("tmp/link")), 0);
	assert_int_equal(mkfifo(path_of("tmp/fifo"), 0600), 0);
	maildir_tmp_clean(&maildir, time(NULL));
	maildir_tmp_clean(&maildir, time(NULL) + 23 * HOUR);
	assert_true(exists("tmp/left"));
	place.owner++;
	maildir_tmp_clean(&maildir, time(NULL) + 25 * HOUR);
	assert_true(exists("tmp/left"));
	place.owner--;
	maildir_tmp_clean(&maildir, time(NULL) + 25 * HOUR);
	assert_false(exists("tmp/left"));
	assert_true(exists("tmp/folder"));
	assert_true(exists("tmp/link"));
	assert_true(exists("tmp/fifo"));
	assert_true(exists("new/1.x"));
	assert_true(exists("cur/2.x:2,"));
}

static void write_list(const char *const *bases, size_t count)
{
	struct maildir_target targets[8];
	struct maildir_removal removal = {.at = targets, .len = count};

	for (size_t i = 0; i < count; i++)
		targets[i] = (struct maildir_target){.base = bases[i]};
	assert_int_equal(maildir_removal_write(&removal, &maildir), 0);
}

static void test_recovery(void **context)
{
	struct why why;

	(void)context;
	put_file("new/1.x");
	put_file("cur/2.x:2,S");
	put_file("cur/22.x");
	put_file("new/3.x");
	put_file("tmp/1.x");
	write_list((const char *const[]){"2.x", "gone", "1.x"}, 3);
	assert_int_equal(maildir_removal_recover(&maildir, &why), 0);
	assert_false(exists("new/1.x"));
	assert_false(exists("cur/2.x:2,S"));
	assert_true(exists("cur/22.x"));
	assert_true(exists("new/3.x"));
	assert_true(exists("tmp/1.x"));
	assert_int_equal(access(list, F_OK), -1);
	assert_int_equal(maildir_removal_recover(&maildir, &why), 0);
}

/* Names that are paths make a list none, all of it. */
static void test_hostile_list(void **context)
{
	static const char *const bad[] = {
		"../precious", "/etc/passwd", "..", "", ".hidden", "a:2,S", "new/1.x"};
	struct why why;

	(void)context;
	put_file("precious");
	put_file("new/1.x");
	for (size_t i = 0; i < COUNT(bad); i++) {
		write_list((const char *const[]){"1.x", bad[i]}, 2);
		assert_int_equal(maildir_removal_recover(&maildir, &why), 0);
		assert_true(exists("new/1.x"));
		assert_true(exists("precious"));
		assert_int_equal(access(list, F_OK), -1);
	}
}

static size_t read_list(unsigned char *out, size_t size)
{
	FILE *file = fopen(list, "re");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, size, file);
	fclose(file);
	return len;
}

static int load(const unsigned char *octets, size_t len)
{
	struct maildir_removal removal;
	FILE *file = fopen(list, "we");
	int err;

	assert_non_null(file);
	assert_int_equal(fwrite(octets, 1, len, file), len);
	fclose(file);
	maildir_removal_init(&removal);
	err = maildir_removal_load(&removal, &maildir);
	maildir_removal_done(&removal);
	return err;
}

/* Cut anywhere, or with any bit changed, it is none. */
static void test_damaged_list(void **context)
{
	unsigned char octets[300];
	size_t len;

	(void)context;
	write_list((const char *const[]){"1.x", "2.x"}, 2);
	len = read_list(octets, sizeof(octets));
	assert_int_equal(load(octets, len), 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(load(octets, cut), -EBADMSG);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		octets[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_int_equal(load(octets, len), -EBADMSG);
		octets[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	octets[len] = 0;
	assert_int_equal(load(octets, len + 1), -EBADMSG);
	assert_int_equal(load(octets, len), 0);
}

/* A link in the list's place is not followed, and goes. */
static void test_link_for_a_list(void **context)
{
	struct why why;

	(void)context;
	put_file("new/1.x");
	assert_int_equal(symlink(path_of("new/1.x"), list), 0);
	assert_int_equal(maildir_removal_recover(&maildir, &why), 0);
	assert_true(exists("new/1.x"));
	assert_int_equal(access(list, F_OK), -1);
}

/* With an inode only that file is meant; what is no message is never. */
static void test_removal_of_twins(void **context)
{
	struct maildir_target target = {.base = "1.x"};
	struct maildir_removal removal = {.at = &target, .len = 1};
	struct stat st;
	struct why why;

	(void)context;
	put_file("new/1.x");
	put_file("cur/1.x:2,");
	assert_int_equal(stat(path_of("cur/1.x:2,"), &st), 0);
	target.inode = st.st_ino;
	assert_int_equal(maildir_remove(&removal, &maildir, &why), 0);
	assert_true(exists("new/1.x"));
	assert_false(exists("cur/1.x:2,"));
	assert_int_equal(mkdir(path_of("cur/1.x:2,S"), 0700), 0);
	target.inode = 0;
	assert_int_equal(maildir_remove(&removal, &maildir, &why), 0);
	assert_false(exists("new/1.x"));
	assert_true(exists("cur/1.x:2,S"));
}

/* From here on, in this process, renameat2() says what it says on NFS. */
static int forbid_rename(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = COUNT(code), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0;
}

static int move_three(void)
{
	if (forbid_rename())
		return 1;
	if (maildir_move(&maildir, MAILDIR_TMP, "1", MAILDIR_NEW, "1.x") != 0)
		return 2;
	if (maildir_move(&maildir, MAILDIR_TMP, "2", MAILDIR_NEW, "2.x") != -EEXIST)
		return 3;
	return maildir_move(&maildir, MAILDIR_TMP, "3", MAILDIR_NEW, "3.x") != 0 ? 4 : 0;
}

/* To a free name; to another file's; to one that is its own already. */
static void test_moving_by_link(void **context)
{
	int status;
	pid_t pid;

	(void)context;
	put_file("tmp/1");
	put_file("tmp/2");
	put_file("new/2.x");
	put_file("tmp/3");
	assert_int_equal(
		linkat(maildir.folder[MAILDIR_TMP], "3", maildir.folder[MAILDIR_NEW], "3.x", 0), 0);
	pid = fork();
	if (pid == 0)
		_exit(move_three());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(exists("new/1.x") && !exists("tmp/1"));
	assert_true(exists("new/2.x") && exists("tmp/2"));
	assert_true(exists("new/3.x") && !exists("tmp/3"));
}

#define WITH_MAILDIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_plausible_sizes),
		cmocka_unit_test(test_uidls),
		cmocka_unit_test(test_made_names),
		cmocka_unit_test(test_wire_octets),
		WITH_MAILDIR(test_cleaning),
		WITH_MAILDIR(test_recovery),
		WITH_MAILDIR(test_hostile_list),
		WITH_MAILDIR(test_damaged_list),
		WITH_MAILDIR(test_link_for_a_list),
		WITH_MAILDIR(test_removal_of_twins),
		WITH_MAILDIR(test_moving_by_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What the monitor does with root's rights, and where it refuses to: agent_folder,
 * agent_spool_helper. Needs root; as another user all it can show is that nothing is done.
 */
#include "account_place.h"

#include "agent/agent_child.h"
#include "agent/agent_folder.h"
#include "agent/agent_msg.h"
#include "agent/agent_spool_helper.h"
#include "agent/agent_wire.h"
#include "base/clock.h"
#include "base/fd.h"
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>

#define USER 12345

static struct account account;

static void make_folder(const char *name, mode_t mode, uid_t uid)
{
	assert_int_equal(mkdir(path_of(name), 0700), 0);
	assert_int_equal(chown(path_of(name), uid, (gid_t)-1), 0);
	assert_int_equal(chmod(path_of(name), mode), 0);
}

static void make_link(const char *name, const char *target, uid_t uid)
{
	assert_int_equal(symlink(target, path_of(name)), 0);
	assert_int_equal(lchown(path_of(name), uid, (gid_t)-1), 0);
}

static void place_mailbox(const char *name)
{
	memset(&account, 0, sizeof(account));
	strcpy(account.name, "alice");
	strcpy(account.key, "12345");
	account.uid = USER;
	account.gid = USER;
	snprintf(account.location, sizeof(account.location), "mbox:%s", path_of(name));
}

static void place_maildir(const char *name)
{
	place_mailbox(name);
	snprintf(account.location, sizeof(account.location), "maildir:%s", path_of(name));
}

static int setup(void **state)
{
	int err = make_place(state);

	if (err < 0)
		return err;
	place_mailbox("mail/alice");
	return chmod(place.folder, 0755);
}

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (geteuid() != 0)                                                                \
			skip();                                                                    \
	} while (0)

static int open_folder(const char *name)
{
	int fd = -1;
	int err = agent_folder_trusted(path_of(name), &fd);

	fd_close(&fd);
	return err;
}

static void test_trusted_folders(void **state)
{
	char target[128];

	(void)state;
	NEEDS_ROOT();
	make_folder("mail", 02775, 0);
	assert_int_equal(open_folder("mail/alice"), 0);
	assert_int_equal(open_folder("./mail//alice"), 0);
	make_folder("sticky", 01777, 0);
	assert_int_equal(open_folder("sticky/alice"), 0);
	make_folder("sticky/below", 0755, 0);
	assert_int_equal(open_folder("sticky/below/alice"), 0);
	make_link("link", "mail", 0);
	assert_int_equal(open_folder("link/alice"), 0);
	make_folder("spool", 0755, 0);
	make_link("spool/mail", "../mail", 0);
	assert_int_equal(open_folder("spool/mail/alice"), 0);
	strcpy(target, path_of("mail"));
	make_link("absolute", target, 0);
	assert_int_equal(open_folder("absolute/alice"), 0);
}

static void test_folders_of_others(void **state)
{
	char target[128];

	(void)state;
	NEEDS_ROOT();
	make_folder("mail", 0755, 0);
	strcpy(target, path_of("mail"));
	make_folder("open", 0777, 0);
	assert_int_equal(open_folder("open/alice"), -EACCES);
	make_folder("theirs", 0755, USER);
	assert_int_equal(open_folder("theirs/alice"), -EACCES);
	make_folder("theirs/below", 0755, 0);
	assert_int_equal(open_folder("theirs/below/alice"), -EACCES);
	make_link("theirs/link", target, 0);
	assert_int_equal(open_folder("theirs/link/alice"), -EACCES);
	make_link("link", target, USER);
	assert_int_equal(open_folder("link/alice"), -EACCES);
	make_folder("group", 0775, 0);
	make_folder("group/below", 0755, 0);
	assert_int_equal(open_folder("group/alice"), 0);
	assert_int_equal(open_folder("group/below/alice"), -EACCES);
	make_link("loop", "loop", 0);
	assert_int_equal(open_folder("loop/alice"), -ELOOP);
	assert_int_equal(open_folder("missing/alice"), -ENOENT);
	write_file("file", "");
	assert_int_equal(open_folder("file/alice"), -ENOTDIR);
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(path_of(name), &st) == 0;
}

static void test_dotlock(void **state)
{
	struct agent_spool_helper helper;

	(void)state;
	NEEDS_ROOT();
	make_folder("mail", 02775, 0);
	agent_spool_helper_init(&helper, &account);
	assert_int_equal(agent_spool_helper_release(&helper), -ENOENT);
	assert_int_equal(agent_spool_helper_take(&helper), 0);
	assert_true(exists("mail/alice.lock"));
	assert_int_equal(agent_spool_helper_take(&helper), -EALREADY);
	assert_int_equal(agent_spool_helper_release(&helper), 0);
	assert_false(exists("mail/alice.lock"));
	/* a child that died with it */
	assert_int_equal(agent_spool_helper_take(&helper), 0);
	agent_spool_helper_done(&helper);
	assert_false(exists("mail/alice.lock"));
	/* somebody else's stays */
	write_file("mail/alice.lock", "1\n");
	assert_int_equal(agent_spool_helper_take(&helper), -EEXIST);
	agent_spool_helper_done(&helper);
	assert_true(exists("mail/alice.lock"));
}

static void test_dotlock_of_what_is_not_theirs(void **state)
{
	struct agent_spool_helper helper;

	(void)state;
	NEEDS_ROOT();
	make_folder("mail", 02775, 0);
	agent_spool_helper_init(&helper, &account);
	write_file("mail/alice", ""); /* root's */
	assert_int_equal(agent_spool_helper_take(&helper), -EACCES);
	assert_int_equal(unlink(path_of("mail/alice")), 0);
	make_link("mail/alice", "/etc/passwd", USER);
	assert_int_equal(agent_spool_helper_take(&helper), -EACCES);
	make_folder("theirs", 0755, USER);
	place_mailbox("theirs/alice");
	assert_int_equal(agent_spool_helper_take(&helper), -EACCES);
	assert_false(exists("theirs/alice.lock"));
	assert_int_equal(agent_spool_helper_create(&helper), -EACCES);
	assert_false(exists("theirs/alice"));
}

static void expect_mailbox(const char *name, gid_t gid, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(path_of(name), &st), 0);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_mode, S_IFREG | mode);
}

static void test_create(void **state)
{
	struct agent_spool_helper helper;
	struct stat st;

	(void)state;
	NEEDS_ROOT();
	make_folder("mail", 0775, 0);
	agent_spool_helper_init(&helper, &account);
	assert_int_equal(agent_spool_helper_create(&helper), 0);
	expect_mailbox("mail/alice", USER, 0600);
	assert_int_equal(agent_spool_helper_create(&helper), -EEXIST);

	make_folder("group", 0775, 0);
	assert_int_equal(chown(path_of("group"), 0, 8), 0);
	assert_int_equal(chmod(path_of("group"), 02775), 0);
	place_mailbox("group/alice");
	assert_int_equal(agent_spool_helper_create(&helper), 0);
	expect_mailbox("group/alice", 8, 0660);

	/* A link there is not followed, and what it names stays as it is. */
	write_file("precious", "x");
	assert_int_equal(unlink(path_of("group/alice")), 0);
	make_link("group/alice", "../precious", USER);
	assert_int_equal(agent_spool_helper_create(&helper), -EEXIST);
	assert_int_equal(stat(path_of("precious"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(unlink(path_of("group/alice")), 0);
	make_link("group/alice", "../missing", USER);
	assert_int_equal(agent_spool_helper_create(&helper), -EEXIST);
	assert_false(exists("missing"));
}

static void expect_folder(const char *name, uid_t uid, gid_t gid)
{
	struct stat st;

	assert_int_equal(lstat(path_of(name), &st), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
}

/* Who is to have a Maildir gets an empty folder, whatever the folder around it is like. */
static void test_create_maildir(void **state)
{
	struct agent_spool_helper helper;

	(void)state;
	NEEDS_ROOT();
	make_folder("mail", 0775, 0);
	place_maildir("mail/alice");
	agent_spool_helper_init(&helper, &account);
	assert_int_equal(agent_spool_helper_create(&helper), 0);
	expect_folder("mail/alice", USER, USER);
	assert_int_equal(agent_spool_helper_create(&helper), -EEXIST);
	assert_int_equal(agent_spool_helper_take(&helper), -EACCES); /* it needs no lock */
	assert_false(exists("mail/alice.lock"));

	make_folder("group", 0775, 0);
	assert_int_equal(chown(path_of("group"), 0, 8), 0);
	assert_int_equal(chmod(path_of("group"), 02775), 0);
	place_maildir("group/alice");
	assert_int_equal(agent_spool_helper_create(&helper), 0);
	expect_folder("group/alice", USER, USER);

	/* Nothing that is there is followed, or given away. */
	make_folder("precious", 0700, 0);
	make_link("group/bob", "../precious", USER);
	place_maildir("group/bob");
	assert_int_equal(agent_spool_helper_create(&helper), -EEXIST);
	expect_folder("precious", 0, 0);
	place_maildir("precious");
	assert_int_equal(agent_spool_helper_create(&helper), -EEXIST);
	expect_folder("precious", 0, 0);
	make_folder("theirs", 0755, USER);
	place_maildir("theirs/alice");
	assert_int_equal(agent_spool_helper_create(&helper), -EACCES);
	assert_false(exists("theirs/alice"));
}

static int notes;

static void count_note(void *listener, const char *text)
{
	(void)listener;
	assert_non_null(strstr(text, "was missing and was made"));
	notes++;
}

static int make_state(char path[static PATH_MAX])
{
	return agent_folder_state(&place.conf, &account, path, count_note, NULL, &place.why);
}

static void test_state_folder(void **state)
{
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	NEEDS_ROOT();
	set("store", "state", path_of("a/state"));
	assert_int_equal(make_state(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(place.conf.state, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	assert_int_equal(notes, 1);
	assert_int_equal(make_state(path), 0);
	assert_int_equal(notes, 1);

	/* Neither another's folder nor a link is given away, nor anything where others may write.
	 */
	strcpy(account.key, "other");
	make_folder("a/state/other", 0700, 1);
	assert_int_equal(make_state(path), -EPERM);
	strcpy(account.key, "link");
	make_link("a/state/link", "/etc", USER);
	assert_true(make_state(path) < 0);
	strcpy(account.key, "open");
	assert_int_equal(chmod(place.conf.state, 0777), 0);
	assert_int_equal(make_state(path), -EPERM);
	assert_int_equal(stat("/etc", &st), 0);
	assert_int_equal(st.st_uid, 0);
}

/* What a child says that is no friend: control characters, and no end. */
static void talk_nonsense(void *context, const struct spool_place *spool, int fd, int pair)
{
	struct agent_pair_msg msg = {.op = AGENT_PAIR_NOTE};

	(void)context;
	(void)fd;
	spool->note(spool->note_context, "put\naside");
	memset(msg.why.text, '\033', sizeof(msg.why.text));
	memset(msg.why.status, '\n', sizeof(msg.why.status));
	(void)agent_wire_send(pair, &msg, sizeof(msg), -1);
	(void)agent_pair_report(pair, AGENT_DELIVER, 7, 0, NULL);
}

struct heard {
	char texts[2][sizeof(((struct why *)NULL)->text)];
	int notes;
	uint64_t count;
};

static void hear_note(void *listener, const char *text)
{
	struct heard *heard = listener;

	assert_in_range(heard->notes, 0, 1);
	strcpy(heard->texts[heard->notes++], text);
}

static void hear_report(void *listener, const struct agent_pair_msg *msg)
{
	struct heard *heard = listener;

	heard->count = msg->count;
}

static void never_killed(void *listener, const char *reason)
{
	(void)listener;
	fail_msg("killed: %s", reason);
}

static void test_notes(void **state)
{
	struct heard heard = {0};
	struct agent_child_plan plan = {
		.conf = &place.conf,
		.account = &account,
		.fd = STDERR_FILENO,
		.work = talk_nonsense,
		.report = hear_report,
		.session = -1,
		.deadline_ms = clock_ms() + 60000,
		.note = hear_note,
		.killed = never_killed,
		.listener = &heard,
	};
	struct agent_child child;

	(void)state;
	set("store", "state", path_of("state"));
	assert_int_equal(mkdir(place.conf.state, 0711), 0);
	if (geteuid() != 0) {
		account.uid = geteuid();
		account.gid = getegid();
	}
	assert_int_equal(agent_child_start(&child, &plan, &place.why), 0);
	agent_child_serve(&child);
	assert_int_equal(heard.notes, 2);
	assert_string_equal(heard.texts[0], "put?aside");
	assert_int_equal(strspn(heard.texts[1], "?"), sizeof(heard.texts[1]) - 1);
	assert_int_equal(heard.count, 7);
}

static void test_without_rights(void **state)
{
	struct agent_spool_helper helper;

	(void)state;
	if (geteuid() == 0)
		skip();
	agent_spool_helper_init(&helper, &account);
	assert_int_equal(agent_spool_helper_take(&helper), -EACCES);
	assert_int_equal(agent_spool_helper_create(&helper), -EACCES);
}

#define HELPER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HELPER_TEST(test_trusted_folders),
		HELPER_TEST(test_folders_of_others),
		HELPER_TEST(test_dotlock),
		HELPER_TEST(test_dotlock_of_what_is_not_theirs),
		HELPER_TEST(test_create),
		HELPER_TEST(test_create_maildir),
		HELPER_TEST(test_state_folder),
		HELPER_TEST(test_notes),
		HELPER_TEST(test_without_rights),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A shared file: what is taken for ours, who has the lock, and how it is put aside. */
#include "policy/policy_file.h"
#include "policy_place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#define MAX 1000

static struct policy_file file;

static int setup(void **state)
{
	int err = make_folder(state);

	if (err < 0)
		return err;
	file = (struct policy_file){.name = "failures", .fd = -1};
	file.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return file.folder < 0;
}

static int teardown(void **state)
{
	policy_file_close(&file);
	close(file.folder);
	return remove_folder(state);
}

static void test_new(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(policy_file_open(&file, MAX), 0);
	assert_int_equal(fstat(file.fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(policy_file_lock(&file, 0), 0);
	policy_file_close(&file);
	assert_int_equal(file.fd, -1);
	assert_int_equal(policy_file_open(&file, MAX), 0);
	assert_int_equal(policy_file_lock(&file, 0), 0);
}

static void expect_foreign(void)
{
	struct stat st;

	assert_int_equal(policy_file_open(&file, MAX), -EUCLEAN);
	assert_int_equal(file.fd, -1);
	assert_int_equal(policy_file_put_aside(&file), 0);
	assert_int_equal(lstat(path_of("failures.bad"), &st), 0);
	assert_int_equal(lstat(table_path, &st), -1);
	assert_int_equal(policy_file_open(&file, MAX), 0);
	policy_file_close(&file);
	unlink(table_path);
}

/* Each takes the place of the one before it under its new name, whatever kind that was. */
static void test_foreign(void **state)
{
	static const char text[MAX + 1];

	(void)state;
	write_file("failures", text, MAX + 1);
	expect_foreign();
	write_file("failures", text, 10);
	assert_int_equal(chmod(table_path, 0640), 0);
	expect_foreign();
	assert_int_equal(symlink("/etc/passwd", table_path), 0);
	expect_foreign();
	assert_int_equal(mkdir(table_path, 0700), 0);
	expect_foreign();
	assert_int_equal(symlink("nowhere", table_path), 0);
	expect_foreign();
	assert_int_equal(mkdir(table_path, 0700), 0);
	expect_foreign();
	assert_int_equal(mkdir(table_path, 0700), 0);
	expect_foreign();
	assert_int_equal(mkfifo(table_path, 0600), 0);
	expect_foreign();
	write_file("failures", text, 10);
	assert_int_equal(link(table_path, path_of("other")), 0);
	expect_foreign();
	if (geteuid() == 0) {
		write_file("failures", text, 10);
		assert_int_equal(chown(table_path, 12345, 12345), 0);
		expect_foreign();
	}
	/* Others' files were never touched. */
	assert_int_equal(access("/etc/passwd", R_OK), 0);
}

static void test_lock(void **state)
{
	struct policy_file other = file;

	(void)state;
	assert_int_equal(policy_file_open(&file, MAX), 0);
	assert_int_equal(policy_file_open(&other, MAX), 0);
	assert_int_equal(policy_file_lock(&file, 0), 0);
	assert_int_equal(policy_file_lock(&other, 20), -ETIMEDOUT);
	/* Who had to wait until the file was put aside has nothing. */
	assert_int_equal(policy_file_put_aside(&file), 0);
	policy_file_close(&file);
	assert_int_equal(policy_file_lock(&other, 20), -ESTALE);
	policy_file_close(&other);
	assert_int_equal(policy_file_open(&other, MAX), 0);
	assert_int_equal(policy_file_lock(&other, 20), 0);
	assert_int_equal(unlink(table_path), 0);
	assert_int_equal(policy_file_lock(&other, 20), -ESTALE);
	policy_file_close(&other);
}

/* A process that dies gives the lock back, but not before its child does that has it, too. */
static void test_lock_of_the_dead(void **state)
{
	int ends[2];
	pid_t child;
	pid_t parent;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		if (policy_file_open(&file, MAX) < 0 || policy_file_lock(&file, 0) < 0)
			_exit(1);
		child = fork();
		if (child == 0) {
			close(ends[1]);
			pause();
		}
		(void)!write(ends[1], &child, sizeof(child));
		raise(SIGKILL);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	close(ends[0]);
	waitpid(parent, NULL, 0);
	assert_int_equal(policy_file_open(&file, MAX), 0);
	assert_int_equal(policy_file_lock(&file, 50), -ETIMEDOUT);
	kill(child, SIGKILL);
	assert_int_equal(policy_file_lock(&file, 5000), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new),
		TEST(test_foreign),
		TEST(test_lock),
		TEST(test_lock_of_the_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Conversion of and into an mbox in whose place other programs put another file, as readers do that
 * write it anew: nothing is passed over, and nothing comes twice. */
#include "mbox_place.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define MESSAGES 20
#define LINES    4000 /* in each: it takes milliseconds to read one */
#define CHANGES  9    /* fewer than the times that a conversion tries to read a message */
#define PAUSE_NS 30000000

static char maildir[160];
static char spare[160];
static struct spool_place other;

static int setup_both(void **state)
{
	int rc = setup(state);

	snprintf(maildir, sizeof(maildir), "maildir:%s/maildir", root);
	snprintf(spare, sizeof(spare), "%s/spare", root);
	other = place;
	other.location = maildir;
	return rc;
}

static void fill(const char *path)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	for (int i = 0; i < MESSAGES; i++) {
		fprintf(file, "%sMessage-ID: <%d>\n\n", F, i);
		for (int line = 0; line < LINES; line++)
			fprintf(file, "%055d\n", line);
		fprintf(file, "\n");
	}
	assert_int_equal(fclose(file), 0);
}

static void fill_box(void)
{
	fill(box);
	assert_int_equal(chmod(box, 0600), 0);
	fill(spare);
	assert_int_equal(chmod(spare, 0600), 0);
}

static void change(void)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < CHANGES; i++) {
		nanosleep(&pause, NULL);
		if (renameat2(AT_FDCWD, spare, AT_FDCWD, box, RENAME_EXCHANGE) < 0)
			_exit(1);
	}
	_exit(0);
}

static struct spool_conversion convert_while_changed(
	const struct spool_place *from, const struct spool_place *to)
{
	struct spool_converter merges = {.merges = true};
	struct spool_conversion done = {0};
	struct why why = {0};
	pid_t pid = fork();
	int status;
	int err;

	assert_true(pid >= 0);
	if (pid == 0)
		change();
	err = spool_convert(from, to, &merges, &done, &why);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (err)
		fail_msg("%s", why.text);
	assert_int_equal(status, 0);
	return done;
}

static void from_a_mailbox_that_is_changed(void **state)
{
	struct spool_conversion done;

	(void)state;
	fill_box();
	done = convert_while_changed(&place, &other);
	assert_int_equal(done.converted, MESSAGES);
	assert_int_equal(done.messages, MESSAGES);
}

/* What is there already is found by looking at all of it: no ledger knows of the way back. */
static void into_a_mailbox_that_is_changed(void **state)
{
	struct spool_conversion done;
	struct spool *spool;

	(void)state;
	fill_box();
	assert_int_equal(spool_convert(&place, &other, NULL, &done, NULL), 0);
	assert_int_equal(done.converted, MESSAGES);
	done = convert_while_changed(&other, &place);
	assert_int_equal(done.converted, 0);
	assert_int_equal(done.messages, MESSAGES);
	spool = open_box(MESSAGES);
	spool_close(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			from_a_mailbox_that_is_changed, setup_both, teardown),
		cmocka_unit_test_setup_teardown(
			into_a_mailbox_that_is_changed, setup_both, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

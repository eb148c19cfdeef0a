/*
 * agent_failures - see agent_failures.h.
 *
 * The monitor opens and locks the file; a child, which has the lock, too, does one transaction and
 * ends. If it crashes, or uses up its time, the file has done that, and is put aside under the lock
 * that the monitor still holds: so it costs one child, and nobody ever meets it again. A child that
 * was killed from outside says nothing about the file.
 *
 * System calls of the monitor: pipe2, fork, poll, read, kill (this child alone), waitpid, close,
 * clock_gettime; those of agent_folder_private() and policy_file.c. Of the child: prctl
 * (PDEATHSIG), sigaction, fchdir, setrlimit, fcntl, open (/dev/null), dup2, close_range, getrandom,
 * write; of LMDB: open, fstat, fstatfs, fcntl, mmap, munmap, pread, pwrite, pwritev, lseek,
 * madvise, uname.
 */
#include "agent/agent_failures.h"

#include "agent/agent_folder.h"
#include "base/clock.h"
#include "base/fd.h"
#include "policy/policy_file.h"
#include "policy/policy_table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOCK_MS     10000 /* others are at it: each is done within a millisecond, or the next */
#define CHILD_MS    10000 /* a host that is so slow says nothing about the file */
#define CPU_SECONDS 2     /* a file that makes LMDB run for so long does */
#define TRIES       5

struct answer {
	int32_t error;
	struct policy_verdict verdict;
};

/* What the child is to do. */
struct task {
	struct agent_attempt *attempt;
	int (*work)(const struct task *task, struct answer *answer);
	enum policy_outcome outcome;
	struct policy_rules rules;
	struct policy_attempt about;
};

static int begin(const struct task *task, struct answer *answer)
{
	return policy_failures_begin(&task->rules, &task->about, &answer->verdict);
}

static int settle(const struct task *task, struct answer *answer)
{
	(void)answer;
	return policy_failures_settle(
		&task->rules, &task->about, &task->attempt->verdict, task->outcome);
}

/* A crash is foreseen: whoever waits for it wants to see the signal. The file can't grow over its
 * size, whatever page number is in it. */
static int confine(int folder, int *lock, int *answer)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGXCPU};
	const struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS + 1};
	const struct rlimit size = {POLICY_TABLE_MAX, POLICY_TABLE_MAX};
	int err;

	for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
		signal(crashes[i], SIG_DFL);
	if (fchdir(folder) < 0 || setrlimit(RLIMIT_CPU, &cpu) < 0 ||
		setrlimit(RLIMIT_FSIZE, &size) < 0)
		return -errno;
	err = fd_keep_two(lock, answer);
	if (err == 0 && dup2(STDOUT_FILENO, STDERR_FILENO) < 0) /* LMDB's last words */
		err = -errno;
	return err;
}

__attribute__((noreturn)) static void run(
	const struct task *task, const struct policy_file *file, int ends[2])
{
	struct agent_request *request = task->attempt->monitor->request;
	struct answer answer = {0};
	int lock = file->fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	explicit_bzero(request->password, sizeof(request->password));
	answer.error = confine(file->folder, &lock, &ends[1]);
	if (answer.error == 0)
		answer.error = task->work(task, &answer);
	(void)fd_write(ends[1], &answer, sizeof(answer));
	_exit(0);
}

/* 0; -ETIMEDOUT; -ENODATA: it will not say anything. */
static int hear(int fd, struct answer *answer)
{
	int64_t deadline = clock_ms() + CHILD_MS;

	for (;;) {
		struct pollfd from = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - clock_ms();
		int n = left > 0 ? poll(&from, 1, (int)left) : 0;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (left <= 0)
			return -ETIMEDOUT;
		if (n > 0)
			return read(fd, answer, sizeof(*answer)) == sizeof(*answer) ? 0 : -ENODATA;
	}
}

/* The child may have become anything. */
static bool is_sound(const struct task *task, const struct answer *answer)
{
	const struct policy_verdict *verdict = &answer->verdict;

	return answer->error <= 0 && verdict->refused <= POLICY_PAIR &&
	       verdict->delay_ms <= POLICY_DELAY_MS &&
	       verdict->wait_seconds <= task->rules.forget_seconds &&
	       verdict->counted <= (POLICY_SOURCE | POLICY_USER | POLICY_PAIR);
}

/* The child's end. heard: what hear() returned. */
static int reap(pid_t pid, int heard)
{
	int status = 0;

	if (heard != -ENODATA)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (heard != -ENODATA)
		return heard;
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM)
		       ? -EINTR
		       : -EUCLEAN;
}

static int run_child(const struct task *task, const struct policy_file *file, struct answer *answer)
{
	int ends[2];
	pid_t pid;
	int err;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		run(task, file, ends);
	err = pid < 0 ? -errno : 0;
	fd_close(&ends[1]);
	if (err == 0)
		err = reap(pid, hear(ends[0], answer));
	fd_close(&ends[0]);
	if (err == 0 && !is_sound(task, answer))
		err = -EUCLEAN;
	return err < 0 ? err : answer->error;
}

static void tell(const struct task *task, const char *what, int err)
{
	const struct agent_monitor *monitor = task->attempt->monitor;
	struct why why;

	(void)why_set(&why, -err, WHY_NONE, "", "%s: %s: %s", monitor->conf->failures, what,
		strerror(-err));
	agent_note(task->attempt->monitor, why.text);
}

static int put_aside(const struct task *task, const struct policy_file *file)
{
	int err = policy_file_put_aside(file);

	if (err == 0)
		tell(task, "was no table of failed log-ins, and is called .bad now", -EUCLEAN);
	return err == 0 || err == -ENOENT ? -EAGAIN : err;
}

/* -EAGAIN, -ESTALE, -EINTR: once more. */
static int try_once(const struct task *task, struct policy_file *file, struct answer *answer)
{
	int err = policy_file_open(file, POLICY_TABLE_MAX);

	if (err == 0)
		err = policy_file_lock(file, LOCK_MS);
	if (err == 0)
		err = run_child(task, file, answer);
	if (err == -EUCLEAN)
		err = put_aside(task, file);
	policy_file_close(file);
	return err;
}

/* 0, or -errno after the log was told. */
static int ask(struct task *task, struct answer *answer)
{
	const char *path = task->attempt->monitor->conf->failures;
	struct policy_file file = {.folder = -1, .fd = -1};
	int err = agent_folder_private(path, &file.folder);

	file.name = strrchr(path, '/') + 1;
	task->about.path = file.name; /* the child is in the folder */
	if (err == 0)
		err = -EAGAIN;
	for (int i = 0; i < TRIES && (err == -EAGAIN || err == -ESTALE || err == -EINTR); i++)
		err = try_once(task, &file, answer);
	fd_close(&file.folder);
	if (err == -ETIMEDOUT)
		tell(task, "too many at once to count failed log-ins", err);
	else if (err < 0)
		tell(task, "failed log-ins are not counted", err);
	return err;
}

static struct task make_task(struct agent_attempt *attempt)
{
	const struct conf *conf = attempt->monitor->conf;

	return (struct task){
		.attempt = attempt,
		.rules = {conf->source_failures, conf->user_failures, conf->forget_seconds},
		.about = {.source = attempt->source, .user = attempt->user, .now = time(NULL)},
	};
}

void agent_failures_begin(struct agent_attempt *attempt)
{
	struct task task = make_task(attempt);
	struct answer answer = {0};
	int err = -ENOENT;

	task.work = begin;
	if (*attempt->monitor->conf->failures)
		err = ask(&task, &answer);
	attempt->counted = err == 0;
	attempt->crowded = err == -ETIMEDOUT;
	attempt->verdict = err == 0 ? answer.verdict : (struct policy_verdict){0};
}

void agent_failures_settle(struct agent_attempt *attempt, enum policy_outcome outcome)
{
	struct task task = make_task(attempt);
	struct answer answer = {0};

	task.work = settle;
	task.outcome = outcome;
	if (attempt->counted)
		(void)ask(&task, &answer);
	attempt->counted = false;
}

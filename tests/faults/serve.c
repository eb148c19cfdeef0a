/*
 * serve - run the program many times in one that is loaded already: these tests run it a million
 * times, and to start it takes longer than what it does.
 *
 * FAULTS_SERVE set: standard input has requests, each a line with a length and so many octets:
 *
 *	child or inside		who calls main(): a child, or this process itself
 *	STDIN STDOUT STDERR	paths; standard output and error are emptied or made
 *	ARGC ARG...
 *	NAME=VALUE...		the whole environment
 *
 * each of them with a NUL behind it. What is killed, or records what it does, needs a child. The
 * status, as wait(2) gives it, is a line of the answer. The end of the input is the end.
 */
#include "plan.h"
#include "record.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX   256
#define ARGC        4   /* which word it is */
#define REQUESTS_FD 910 /* out of the program's way, as record.c's */

typedef int main_function(int argc, char **argv, char **envp);

extern char **environ;

static main_function *program;
static FILE *requests, *replies; /* not the program's own streams */
static char text[65536];

/* Without the functions of calls.c, which would count. */
static void put_at(int fd, const char *path, int flags)
{
	long opened = syscall(SYS_openat, AT_FDCWD, path, flags, 0600);

	if (opened < 0 || syscall(SYS_dup3, opened, fd, 0) < 0)
		abort();
	syscall(SYS_close, opened);
}

/* The next request's words, NULL behind them; their number, 0: there is none. */
static size_t read_request(char *words[static WORDS_MAX])
{
	size_t len, count = 0;
	char line[32];

	if (!fgets(line, sizeof(line), requests))
		return 0;
	len = strtoul(line, NULL, 10);
	if (len == 0 || len > sizeof(text) || fread(text, 1, len, requests) != len ||
		text[len - 1] != '\0')
		abort();
	for (char *word = text; word < text + len; word += strlen(word) + 1) {
		if (count == WORDS_MAX - 1)
			abort();
		words[count++] = word;
	}
	words[count] = NULL;
	return count;
}

/* What main() returns when it is called as the words say. */
static int run_program(char **words, size_t count)
{
	size_t argc = strtoul(words[ARGC], NULL, 10);
	static char *argv[WORDS_MAX];

	if (argc > count - ARGC - 1)
		abort();
	memcpy(argv, words + ARGC + 1, argc * sizeof(*argv));
	argv[argc] = NULL;
	environ = words + ARGC + 1 + argc;
	put_at(STDIN_FILENO, words[1], O_RDONLY);
	put_at(STDOUT_FILENO, words[2], O_WRONLY | O_CREAT | O_TRUNC);
	put_at(STDERR_FILENO, words[3], O_WRONLY | O_CREAT | O_TRUNC);
	plan_begin();
	record_begin();
	return program((int)argc, argv, environ);
}

static int run_inside(char **words, size_t count)
{
	int status = run_program(words, count);

	if (fflush(stdout))
		abort();
	return W_EXITCODE(status, 0);
}

static int run_child(char **words, size_t count)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		exit(run_program(words, count));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

static int serve(int argc, char **argv, char **envp)
{
	char *words[WORDS_MAX];
	size_t count;

	if (!getenv("FAULTS_SERVE"))
		return program(argc, argv, envp);
	requests = fdopen(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, REQUESTS_FD), "r");
	replies = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, REQUESTS_FD), "w");
	if (!requests || !replies)
		abort();
	while ((count = read_request(words)) > ARGC) {
		bool inside = strcmp(words[0], "inside") == 0;

		fprintf(replies, "%d\n", (inside ? run_inside : run_child)(words, count));
		fflush(replies);
	}
	return 0;
}

/* What calls main() in the GNU C library. */
typedef int start_function(
	main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

__attribute__((visibility("default"))) start_function __libc_start_main;

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	void *function = dlsym(RTLD_NEXT, "__libc_start_main");
	start_function *start;

	memcpy(&start, &function, sizeof(start));
	program = main;
	return start(serve, argc, argv, init, fini, rtld_fini, stack_end);
}

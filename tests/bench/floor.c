/*
 * floor - what a delivery costs at the least: open, lock, append, fsync, close; nothing else. The
 * programs are measured against this.
 *
 * usage: floor under|after PROCESSES MESSAGES SIZE FILE...
 *
 * The fsync comes under the lock, or after the lock was given back. Message number n is appended to
 * FILE number n modulo their count. Prints messages per second.
 */
#include "timing.h"

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int set_lock(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLKW, &lock);
}

static void append(const char *path, const char *message, size_t size, bool after)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || set_lock(fd, F_WRLCK) < 0 || write(fd, message, size) != (ssize_t)size ||
		(after && set_lock(fd, F_UNLCK) < 0) || fsync(fd) < 0 || close(fd) < 0)
		err(1, "%s", path);
}

static double measure(int processes, int messages, size_t size, char **files, int count, bool after)
{
	char *message = calloc(1, size + 1);
	double begun = seconds();
	int status;

	if (!message)
		err(1, "calloc");
	memset(message, 'x', size);
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			for (int n = i; n < messages; n += processes)
				append(files[n % count], message, size, after);
			_exit(0);
		}
	}
	while (wait(&status) > 0) {
		if (status != 0)
			errx(1, "an append failed");
	}
	free(message);
	return messages / (seconds() - begun);
}

int main(int argc, char **argv)
{
	int processes = argc > 5 ? atoi(argv[2]) : 0;
	int messages = argc > 5 ? atoi(argv[3]) : 0;
	size_t size = argc > 5 ? strtoul(argv[4], NULL, 10) : 0;
	bool after = argc > 5 && strcmp(argv[1], "after") == 0;

	if (processes < 1 || messages < 1 || size < 1 || (!after && strcmp(argv[1], "under") != 0))
		errx(64, "usage: floor under|after PROCESSES MESSAGES SIZE FILE...");
	printf("%.0f\n", measure(processes, messages, size, argv + 5, argc - 5, after));
	return 0;
}

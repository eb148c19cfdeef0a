/*
 * floor - what a delivery costs at the least: open, lock, append, fsync, close; nothing else. The
 * programs are measured against this.
 *
 * usage: floor PROCESSES MESSAGES SIZE FILE...    process i appends to FILE number i modulo their
 * count; prints messages per second.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void append(const char *path, const char *message, size_t size)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || fcntl(fd, F_SETLKW, &lock) < 0 || write(fd, message, size) != (ssize_t)size ||
		fsync(fd) < 0 || close(fd) < 0)
		err(1, "%s", path);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int processes = argc > 4 ? atoi(argv[1]) : 0;
	int messages = argc > 4 ? atoi(argv[2]) : 0;
	size_t size = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
	char *message = calloc(1, size + 1);
	double begun = seconds();

	if (processes < 1 || messages < 1 || size < 1 || !message)
		errx(64, "usage: floor PROCESSES MESSAGES SIZE FILE...");
	memset(message, 'x', size);
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			for (int n = i; n < messages; n += processes)
				append(argv[4 + i % (argc - 4)], message, size);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	printf("%.0f\n", messages / (seconds() - begun));
	free(message);
	return 0;
}

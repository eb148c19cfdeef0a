/*
 * deliver - the same as floor.c does, with libspool's spool_deliver().
 *
 * usage: deliver PROCESSES MESSAGES SIZE STATE FILE...
 *
 * STATE is the folder for journals. Message number n is delivered to FILE number n modulo their
 * count. Prints messages per second.
 */
#include "spool/spool.h"
#include "timing.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCATION_MAX 4200

struct work {
	int processes;
	int messages;
	const char *state;
	char **files;
	int count;
	int message; /* fd */
};

/* "Subject: bench", lines of 64 octets: in all `size` of them. */
static int make_message(size_t size)
{
	static const char line[] =
		"the quick brown fox jumps over the lazy dog and runs for a while";
	int fd = memfd_create("message", MFD_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	size_t len;

	if (!file)
		err(1, "memfd_create");
	len = (size_t)fprintf(file, "Subject: bench\n\n");
	while (len < size)
		len += (size_t)fprintf(
			file, "%.*s\n", (int)(size - len < 64 ? size - len - 1 : 63), line);
	if (fflush(file) != 0)
		err(1, "write");
	return fd;
}

static void deliver(const struct work *work, const char *path)
{
	char location[LOCATION_MAX];
	struct spool_place place = {
		.location = location,
		.state = work->state,
		.owner = geteuid(),
		.lock_seconds = 60,
	};
	struct spool_envelope envelope = {
		.sender = "bench@example.net",
		.recipient = "bench@example.org",
		.when = time(NULL),
	};
	struct why why;

	snprintf(location, sizeof(location), "mbox:%s", path);
	if (spool_deliver(&place, &envelope, work->message, &why) < 0)
		errx(1, "%s", why.text);
}

static void run(const struct work *work)
{
	int status;

	for (int i = 0; i < work->processes; i++) {
		if (fork() == 0) {
			for (int n = i; n < work->messages; n += work->processes)
				deliver(work, work->files[n % work->count]);
			_exit(0);
		}
	}
	while (wait(&status) > 0) {
		if (status != 0)
			errx(1, "a delivery failed");
	}
}

int main(int argc, char **argv)
{
	size_t size = argc > 5 ? strtoul(argv[3], NULL, 10) : 0;
	struct work work;
	double begun;

	if (argc < 6 || atoi(argv[1]) < 1 || atoi(argv[2]) < 1 || size < 1)
		errx(64, "usage: deliver PROCESSES MESSAGES SIZE STATE FILE...");
	work = (struct work){
		.processes = atoi(argv[1]),
		.messages = atoi(argv[2]),
		.state = argv[4],
		.files = argv + 5,
		.count = argc - 5,
		.message = make_message(size),
	};
	begun = seconds();
	run(&work);
	printf("%.0f\n", work.messages / (seconds() - begun));
	close(work.message);
	return 0;
}

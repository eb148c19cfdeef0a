/*
 * slow_disk - a disk that takes its time to flush, for programs that are started with LD_PRELOAD.
 *
 * fsync() and fdatasync() do what they always do, and then wait as if the disk took
 * BENCH_FLUSH_US microseconds for each flush of its cache. It does one flush at a time: who comes
 * while one is going on waits for the next, and all who wait for the same one share it, as ext4's
 * journal does it. What they share is the file BENCH_FLUSH, at least 8 octets, which holds when the
 * last flush that anybody waits for has begun or will begin.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *begin; /* nanoseconds of CLOCK_MONOTONIC */
static int64_t duration;

__attribute__((constructor)) static void set_up(void)
{
	const char *path = getenv("BENCH_FLUSH");
	const char *us = getenv("BENCH_FLUSH_US");
	int fd = path && us ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *shared;

	if (fd < 0)
		abort(); /* a measurement of something else is worse than none */
	shared = mmap(NULL, sizeof(*begin), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		abort();
	close(fd);
	duration = atoll(us) * 1000;
	begin = shared;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wait_until(int64_t ns)
{
	struct timespec until = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

static void flush(void)
{
	int64_t now = now_ns();
	int64_t last = atomic_load(begin);
	int64_t mine;

	do {
		if (now <= last) /* one is going to begin: it takes what we have written along */
			mine = last;
		else if (now < last + duration) /* one is going on, which began without us */
			mine = last + duration;
		else
			mine = now;
	} while (!atomic_compare_exchange_weak(begin, &last, mine));
	wait_until(mine + duration);
}

int fsync(int fd);
int fdatasync(int fd);

int fsync(int fd)
{
	int rc = (int)syscall(SYS_fsync, fd);

	if (rc == 0)
		flush();
	return rc;
}

int fdatasync(int fd)
{
	int rc = (int)syscall(SYS_fdatasync, fd);

	if (rc == 0)
		flush();
	return rc;
}

/* stamp - see stamp.h. */
#include "stamp.h"

#include <fcntl.h>
#include <time.h>

/* A tick is 10 ms at the most; kernels from 6.13 on do without. */
#define YOUNG_NS 20000000

/* File systems that keep whole seconds show it by their zeros. */
#define YOUNG_SECONDS_NS 2000000000

int64_t stamp_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool stamp_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

/* A time in the future, of another host's clock or before ours was set back, is not young: each
 * look at the mailbox would scan it again. */
bool stamp_is_young(const struct stat *st)
{
	bool in_seconds = st->st_mtim.tv_nsec == 0 && st->st_ctim.tv_nsec == 0;
	int64_t young = in_seconds ? YOUNG_SECONDS_NS : YOUNG_NS;
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = stamp_ns(&now) - stamp_ns(&st->st_ctim);
	return age < young && age > -young;
}

bool stamp_settle(int fd, struct stat *st)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	struct timespec tick;

	clock_gettime(CLOCK_REALTIME_COARSE, &tick);
	clock_gettime(CLOCK_REALTIME, &times[1]);
	if (is_same_time(&tick, &times[1]))
		times[1].tv_nsec ^= 1;
	return futimens(fd, times) == 0 && fstat(fd, st) == 0 &&
	       is_same_time(&st->st_mtim, &times[1]) && times[1].tv_nsec != 0;
}

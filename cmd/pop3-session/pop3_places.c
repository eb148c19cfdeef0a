/* pop3_places - see pop3_places.h. */
#include "pop3_places.h"

#include "base/fd.h"

#include <sys/stat.h>

static int64_t in_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static bool is_touched(int fd, const struct agent_stamp *before)
{
	struct stat now;

	return fd_stat(fd, &now) < 0 || now.st_ino != before->inode ||
	       (uint64_t)now.st_size != before->size || in_ns(&now.st_mtim) != before->mtime_ns ||
	       in_ns(&now.st_ctim) != before->ctime_ns;
}

bool pop3_extent_is_touched(const struct pop3_extent *extent)
{
	return is_touched(extent->fd, &extent->stamp);
}

bool pop3_extent_is_same(const struct pop3_extent *a, const struct pop3_extent *b)
{
	struct stat a_st, b_st;

	return fd_stat(a->fd, &a_st) == 0 && fd_stat(b->fd, &b_st) == 0 &&
	       a_st.st_dev == b_st.st_dev && a_st.st_ino == b_st.st_ino &&
	       a->range.offset == b->range.offset && a->range.length == b->range.length &&
	       a->range.octets == b->range.octets && a->form == b->form;
}

void pop3_places_init(struct pop3_places *places)
{
	places->run.fd = -1;
	places->run.count = 0;
}

void pop3_places_done(struct pop3_places *places)
{
	fd_close(&places->run.fd);
	places->run.count = 0;
}

/* A run of one was never to be kept (agent_msg.h). */
static bool is_known(const struct agent_run *run, size_t number)
{
	return run->count > 1 && number >= run->first && number - run->first < run->count &&
	       !is_touched(run->fd, &run->stamp);
}

int pop3_places_find(struct pop3_places *places, struct agent *agent, size_t number,
	struct pop3_extent *extent, struct why *why)
{
	struct agent_run *run = &places->run;

	if (!is_known(run, number)) {
		int err;

		pop3_places_done(places);
		err = agent_fetch(agent, number, run, why);
		if (err < 0)
			return err;
	}
	*extent = (struct pop3_extent){.fd = run->fd,
		.range = run->at[number - run->first],
		.form = run->form,
		.stamp = run->stamp};
	return 0;
}

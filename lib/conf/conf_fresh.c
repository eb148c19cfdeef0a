/* conf_fresh - see conf_fresh.h. */
#include "conf/conf_fresh.h"

#include "conf/conf_defaults.h"

#include <string.h>
#include <unistd.h>

static void look(const struct conf_fresh *fresh, struct stat *out)
{
	if (stat(fresh->path ? fresh->path : CONF_FILE, out) < 0)
		memset(out, 0, sizeof(*out));
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/*
 * The look comes before the reading: a change in between is seen once more, not missed. A child has
 * its parent's copy as long as the file is the same; what was wrong it finds out for itself.
 */
bool conf_fresh_read(struct conf_fresh *fresh, bool *news)
{
	struct stat now;
	bool same;

	look(fresh, &now);
	same = fresh->reader != 0 && is_same(&fresh->file, &now);
	*news = !same || fresh->reader != getpid();
	if (!same || (*news && !fresh->good)) {
		fresh->file = now;
		fresh->good = conf_load(&fresh->conf, fresh->path, &fresh->why) == 0;
	}
	fresh->reader = getpid();
	return fresh->good;
}

const struct conf_limits *conf_fresh_limits(const struct conf_fresh *fresh)
{
	return fresh->good ? &fresh->conf.limits : conf_default_limits();
}

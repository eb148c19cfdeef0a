/* conf_fresh - see conf_fresh.h. */
#include "conf/conf_fresh.h"

#include "conf/conf_defaults.h"

#include <unistd.h>

bool conf_fresh_read(struct conf_fresh *fresh, bool *news)
{
	*news = fresh->reader != getpid();
	if (*news) {
		fresh->reader = getpid();
		fresh->good = conf_load(&fresh->conf, fresh->path, &fresh->why) == 0;
	}
	return fresh->good;
}

const struct conf_limits *conf_fresh_limits(const struct conf_fresh *fresh)
{
	return fresh->good ? &fresh->conf.limits : conf_default_limits();
}

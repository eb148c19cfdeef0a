/*
 * conf_fresh - the configuration for a process that serves: read when it starts, in each child that
 * a listener forks, and by the listener itself when the file has changed, so that a change, also
 * the correction of a mistake, holds from the next connection on.
 */
#ifndef CONF_CONF_FRESH_H
#define CONF_CONF_FRESH_H

#include "conf/conf.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct conf_fresh {
	const char *path; /* NULL: CONF_FILE */
	struct conf conf;
	struct why why; /* what was wrong, where it could not be read */
	pid_t reader;   /* the process that was told of it; 0: none */
	bool good;
	struct stat file; /* as it was then; all zero where there was none */
};

/* Read it, unless this process or the one that forked it has done so and the file is the same
 * still. Is it good? *news becomes true if this process did not know it so far. */
bool conf_fresh_read(struct conf_fresh *fresh, bool *news);

/* What a listener must know before any connection: the limits, or the defaults where it is not
 * good. */
const struct conf_limits *conf_fresh_limits(const struct conf_fresh *fresh);

#endif

/* conf_defaults - what holds where the file is silent; depends on who runs the program. */
#ifndef CONF_CONF_DEFAULTS_H
#define CONF_CONF_DEFAULTS_H

#include "conf/conf.h"

/* Before the file is read: everything but the names that cost a look-up. 0 or -errno. */
int conf_defaults(struct conf *conf, struct why *why);

/* The limits that hold where no file says anything. */
const struct conf_limits *conf_default_limits(void);

/* After it: the host's name and the domains, where the file gave none. 0 or -ENOMEM. */
int conf_defaults_names(struct conf *conf, struct why *why);

#endif

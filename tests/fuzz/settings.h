/* settings - a configuration for targets that need one, without a file. */
#ifndef TESTS_FUZZ_SETTINGS_H
#define TESTS_FUZZ_SETTINGS_H

#include "conf/conf.h"

struct setting {
	const char *section;
	const char *name;
	const char *value;
};

/* Fill *conf (all zero) with the defaults and then with these rows, ended by one without a name. It
 * is never released: the target keeps it. */
void settings_make(struct conf *conf, const struct setting *rows);

#endif

/* settings - see settings.h. */
#include "settings.h"

#include "fuzz.h"

void settings_make(struct conf *conf, const struct setting *rows)
{
	must(conf_load(conf, "/dev/null", NULL) == 0);
	conf->domain_count = 0;
	for (; rows->name; rows++)
		must(conf_set(conf, rows->section, rows->name, rows->value, NULL) == 0);
}

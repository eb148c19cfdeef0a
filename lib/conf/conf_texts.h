/* conf_texts - the texts that a configuration owns: kept until conf_done(), so that struct conf
 * itself stays small. A session has one, and memory that is never written costs nothing. */
#ifndef CONF_CONF_TEXTS_H
#define CONF_CONF_TEXTS_H

#include "conf/conf.h"

/* Keep a copy of text, and let *out point to it. 0 or -ENOMEM. */
int conf_text_keep(struct conf *conf, const char *text, const char **out, struct why *why);

/* Release all of them. */
void conf_texts_done(struct conf *conf);

#endif

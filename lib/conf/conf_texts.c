/* conf_texts - see conf_texts.h. */
#include "conf/conf_texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int conf_text_keep(struct conf *conf, const char *text, const char **out, struct why *why)
{
	char **more = reallocarray(conf->texts, conf->text_count + 1, sizeof(*more));
	char *copy = strdup(text);

	if (more)
		conf->texts = more;
	if (!more || !copy) {
		free(copy);
		return why_errno(why, ENOMEM, "configuration", "keep");
	}
	more[conf->text_count++] = copy;
	*out = copy;
	return 0;
}

void conf_texts_done(struct conf *conf)
{
	for (size_t i = 0; i < conf->text_count; i++)
		free(conf->texts[i]);
	free(conf->texts);
	conf->texts = NULL;
	conf->text_count = 0;
}

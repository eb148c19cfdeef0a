/* verb - see verb.h. */
#include "mail/verb.h"

#include "base/fd.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static size_t trim_end(const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return len;
}

enum verb_verdict verb_find(const struct verb *table, const char *line, size_t len, unsigned state,
	unsigned has, struct verb_call *call)
{
	const char *space = memchr(line, ' ', len);
	size_t name_len = space ? (size_t)(space - line) : len;
	const struct verb *verb;

	*call = (struct verb_call){.argument = ""};
	for (verb = table; verb->name; verb++) {
		if (strlen(verb->name) == name_len && strncasecmp(verb->name, line, name_len) == 0)
			break;
	}
	if (!verb->name)
		return VERB_UNKNOWN;
	call->verb = verb;
	if (space) {
		call->argument = space + 1;
		call->argument_len = len - name_len - 1;
	}
	if (!(verb->states & state))
		return VERB_BAD_STATE;
	if (verb->flags & VERB_NEEDS_PRIVACY & ~has)
		return VERB_NOT_PRIVATE;
	if (verb->flags & VERB_NEEDS_LOGIN & ~has)
		return VERB_NOT_LOGGED_IN;
	if ((verb->flags & VERB_NO_ARGUMENT) && trim_end(call->argument, call->argument_len) > 0)
		return VERB_BAD_SYNTAX;
	if ((verb->flags & VERB_NEEDS_ARGUMENT) &&
		trim_end(call->argument, call->argument_len) == 0)
		return VERB_BAD_SYNTAX;
	return VERB_OK;
}

int verb_dump(const struct verb *table, const char *const *state_names, int fd)
{
	for (const struct verb *verb = table; verb->name; verb++) {
		char text[512];
		size_t len = (size_t)snprintf(text, sizeof(text), "%s\t", verb->name);
		const char *comma = "";
		int err;

		for (unsigned i = 0; state_names[i]; i++) {
			if (!(verb->states & 1u << i))
				continue;
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%s", comma, state_names[i]);
			comma = ",";
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\t%s\n", verb->usage);
		err = fd_write(fd, text, len < sizeof(text) ? len : sizeof(text) - 1);
		if (err < 0)
			return err;
	}
	return 0;
}

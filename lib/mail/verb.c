/* verb - see verb.h. */
#include "mail/verb.h"

#include "base/buf.h"
#include "base/fd.h"

#include <string.h>
#include <strings.h>

static size_t trim_end(const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return len;
}

/* What a verb may need, in the order in which a peer is told that it is not there. */
static const struct {
	const char *name; /* in --dump-verbs */
	unsigned need;
	enum verb_verdict verdict;
} needs[] = {
	{"clear", VERB_NEEDS_CLEAR, VERB_BAD_STATE},
	{"nobody", VERB_NEEDS_NOBODY, VERB_BAD_STATE},
	{"tls", VERB_NEEDS_TLS, VERB_NOT_HERE},
	{"privacy", VERB_NEEDS_PRIVACY, VERB_NOT_PRIVATE},
	{"login", VERB_NEEDS_LOGIN, VERB_NOT_LOGGED_IN},
};
#define NEEDS (sizeof(needs) / sizeof(needs[0]))

static enum verb_verdict check_needs(const struct verb *verb, unsigned has)
{
	for (size_t i = 0; i < NEEDS; i++) {
		if (verb->flags & needs[i].need & ~has)
			return needs[i].verdict;
	}
	return VERB_OK;
}

static const struct verb *find(const struct verb *verb, const char *name, size_t len)
{
	while (verb->name && (strlen(verb->name) != len || strncasecmp(verb->name, name, len) != 0))
		verb++;
	return verb->name ? verb : NULL;
}

enum verb_verdict verb_find(const struct verb *table, const char *line, size_t len, unsigned state,
	unsigned has, struct verb_call *call)
{
	const char *space = memchr(line, ' ', len);
	size_t name_len = space ? (size_t)(space - line) : len;
	const struct verb *verb = find(table, line, name_len);
	enum verb_verdict verdict;
	size_t argument_len;

	*call = (struct verb_call){.verb = verb, .argument = ""};
	if (!verb)
		return VERB_UNKNOWN;
	if (space) {
		call->argument = space + 1;
		call->argument_len = len - name_len - 1;
	}
	if (!(verb->states & state))
		return VERB_BAD_STATE;
	verdict = check_needs(verb, has);
	if (verdict != VERB_OK)
		return verdict;
	argument_len = trim_end(call->argument, call->argument_len);
	if ((verb->flags & VERB_NO_ARGUMENT) && argument_len > 0)
		return VERB_BAD_SYNTAX;
	if ((verb->flags & VERB_NEEDS_ARGUMENT) && argument_len == 0)
		return VERB_BAD_SYNTAX;
	return VERB_OK;
}

bool verb_is_offered(const struct verb *verb, unsigned has)
{
	return !(verb->flags & VERB_NEEDS & ~(has | VERB_NEEDS_LOGIN));
}

/* One of several names in a row of --dump-verbs, if it applies. */
static void dump_name(struct buf *text, bool applies, const char *name, bool *first)
{
	if (!applies)
		return;
	(void)buf_addf(text, "%s%s", *first ? "" : ",", name);
	*first = false;
}

static void dump_row(struct buf *text, const struct verb *verb, const char *const *state_names)
{
	bool first = true;

	(void)buf_addf(text, "%s\t", verb->name);
	for (unsigned i = 0; state_names[i]; i++)
		dump_name(text, verb->states & 1u << i, state_names[i], &first);
	(void)buf_addf(text, "\t%s\t", verb->usage);
	first = true;
	for (size_t i = 0; i < NEEDS; i++)
		dump_name(text, verb->flags & needs[i].need, needs[i].name, &first);
	(void)buf_addf(text, "\n");
}

int verb_dump(const struct verb *table, const char *const *state_names, int fd)
{
	struct buf text;
	int err;

	buf_init(&text, 65536);
	for (const struct verb *verb = table; verb->name; verb++)
		dump_row(&text, verb, state_names);
	err = fd_write(fd, text.at, text.len);
	buf_done(&text);
	return err;
}

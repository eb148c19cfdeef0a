/* conf - see conf.h. Reads the file with libinih and hands each key to its row in conf_keys.c. */
#include "conf/conf.h"

#include "conf/conf_defaults.h"
#include "conf/conf_texts.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reading {
	struct conf *conf;
	const char *path;
	FILE *file;
	int line;
	struct why *why; /* filled by the first mistake */
	int err;
	int failed;                       /* the line of that mistake */
	char section[CONF_NAME_MAX + 16]; /* whole: libinih keeps only 49 characters of it */
};

static int complain(struct reading *reading, const char *what)
{
	if (reading->err == 0) {
		reading->failed = reading->line;
		reading->err = why_set(reading->why, EINVAL, WHY_PERM, "5.3.5", "%s:%d: %s",
			reading->path, reading->line, what);
	}
	return 0; /* libinih: stop with an error */
}

static void keep_section(struct reading *reading, const char *text)
{
	size_t len = strcspn(text, "]");

	if (*text == '[')
		snprintf(
			reading->section, sizeof(reading->section), "%.*s", (int)len - 1, text + 1);
}

/*
 * libinih asks for lines through this, which is how the line's number is known when a key comes. It
 * would cut a long line in two, and take an indented one for more of the value above: here both are
 * mistakes.
 */
static char *read_line(char *text, int size, void *stream)
{
	struct reading *reading = stream;
	size_t len;

	if (reading->err < 0 || !fgets(text, size, reading->file))
		return NULL;
	reading->line++;
	len = strlen(text);
	if (len + 1 == (size_t)size && text[len - 1] != '\n') {
		complain(reading, "the line is too long");
		return NULL;
	}
	if (strchr(" \t", *text) && !strchr(";#\r\n", text[strspn(text, " \t")])) {
		complain(reading, "a line must not begin with a space");
		return NULL;
	}
	keep_section(reading, text);
	return text;
}

static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	char text[sizeof(((struct why *)NULL)->text)];
	struct why why;

	(void)section;
	if (conf_set(reading->conf, reading->section, name, value, &why) == 0)
		return 1;
	snprintf(text, sizeof(text), "[%.40s] %.40s: %.90s", reading->section, name, why.text);
	return complain(reading, text);
}

static int read_file(struct conf *conf, const char *path, FILE *file, struct why *why)
{
	struct reading reading = {.conf = conf, .path = path, .file = file, .why = why};
	int line = ini_parse_stream(read_line, &reading, take_key, &reading);

	/* libinih tells the first line that was wrong, by its own rules or by ours */
	if (reading.err < 0 && (line <= 0 || line == reading.failed))
		return reading.err;
	if (ferror(file))
		return why_errno(why, EIO, path, "read");
	if (line > 0)
		return why_set(why, EINVAL, WHY_PERM, "5.3.5",
			"%s:%d: neither \"[section]\" nor \"key = value\"", path, line);
	if (line < 0)
		return why_set(why, ENOMEM, WHY_TEMP, "4.3.0", "%s: out of memory", path);
	return 0;
}

/* A certificate is of no use without its key, and the other way round. */
static int check_pairs(const struct conf *conf, const char *path, struct why *why)
{
	for (size_t i = 0; i < conf->tls_count; i++) {
		const struct conf_tls_pair *pair = &conf->tls[i];
		const char *quote = *pair->name ? "\"" : "";

		if (*pair->certificate && *pair->key)
			continue;
		return why_set(why, EINVAL, WHY_PERM, "5.3.5",
			"%s: [tls%s%s%s%s] has a %s but no %s", path, *quote ? " " : "", quote,
			pair->name, quote, *pair->key ? "key" : "certificate",
			*pair->key ? "certificate" : "key");
	}
	return 0;
}

void conf_done(struct conf *conf)
{
	conf_texts_done(conf);
	free(conf->tls);
	conf->tls = NULL;
	conf->tls_count = 0;
}

int conf_load(struct conf *conf, const char *path, struct why *why)
{
	int err = conf_defaults(conf, why);
	FILE *file;

	if (err < 0)
		return err;
	file = fopen(path ? path : CONF_FILE, "re");
	if (!file && (path || errno != ENOENT))
		return why_errno(why, errno, path ? path : CONF_FILE, "open");
	if (file) {
		err = read_file(conf, path ? path : CONF_FILE, file, why);
		fclose(file);
		if (err == 0)
			err = check_pairs(conf, path ? path : CONF_FILE, why);
	}
	if (err < 0)
		return err;
	return conf_defaults_names(conf, why);
}

bool conf_is_local_domain(const struct conf *conf, const char *domain, size_t len)
{
	for (size_t i = 0; i < conf->domain_count; i++) {
		if (strlen(conf->domains[i]) == len &&
			strncasecmp(conf->domains[i], domain, len) == 0)
			return true;
	}
	return false;
}

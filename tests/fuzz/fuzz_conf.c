/*
 * A configuration file of any content (conf/conf.h). It is the administrator's and trusted, but a
 * mistake in it must be told with its line, and what is taken must be within the bounds of its row.
 */
#include "conf/conf_keys.h"
#include "fuzz.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fuzz_text *file;

/* fopen() by its name in libraries, since offsets have 64 bits. */
FAKE(fopen64);
extern __typeof__(fopen64) __real_fopen64;
FILE *__wrap_fopen64(const char *restrict path, const char *restrict mode)
{
	if (strcmp(path, "/fuzz.conf") != 0)
		return __real_fopen64(path, mode); /* not the parser's */
	return file->len > 0 ? fmemopen(file->at, file->len, "r")
			     : __real_fopen64("/dev/null", mode);
}

/* No look-ups. */
FAKE(getaddrinfo);
int __wrap_getaddrinfo(const char *restrict node, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)found;
	return EAI_FAIL;
}

static void check_text(const struct conf_key *key, const char *text)
{
	size_t len;

	must(text != NULL);
	len = strlen(text);
	if (len == 0)
		return; /* nobody said anything */
	must(len < PATH_MAX && (key->kind != CONF_PATH || *text == '/'));
	if (key->kind == CONF_STORE)
		must(strncmp(text, "mbox:/", 6) == 0 || strncmp(text, "mbox:%h/", 8) == 0);
	if (key->kind == CONF_NAME || key->kind == CONF_DOMAIN)
		must(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-") == len &&
			len < CONF_NAME_MAX && *text != '-');
}

static void check_number(const struct conf_key *key, const void *at)
{
	uint64_t factor = key->kind == CONF_MILLIS ? 1000 : 1;
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	must(value >= key->min * factor && value <= key->max * factor);
}

/* key's value in `in`: the configuration, or a pair of certificate and key. */
static void check_key(const struct conf_key *key, const void *in)
{
	const char *at = (const char *)in + key->offset;
	const char *text;

	switch (key->kind) {
	case CONF_TEXT:
	case CONF_NAME:
	case CONF_DOMAIN:
	case CONF_PATH:
	case CONF_STORE:
		memcpy(&text, at, sizeof(text));
		check_text(key, text);
		break;
	case CONF_SIZE:
	case CONF_SECONDS:
	case CONF_MILLIS:
	case CONF_COUNT:
		check_number(key, at);
		break;
	case CONF_LETTER:
		must(*at == '\0' || strchr("+-_=.#", *at));
		break;
	case CONF_DOMAINS:
	case CONF_CHOICE:
		break;
	}
}

static void check(const struct conf *conf)
{
	must(conf->domain_count > 0 && conf->domain_count <= CONF_MAX_NAMES);
	for (size_t i = 0; i < conf->domain_count; i++)
		must(conf_is_local_domain(conf, conf->domains[i], strlen(conf->domains[i])));
	must(conf->tls_count <= CONF_MAX_PAIRS && conf->plaintext <= CONF_PLAINTEXT_ALWAYS);
	must(conf->source <= CONF_SOURCE_SELF);
	for (size_t i = 0; i < conf->tls_count; i++) {
		must(*conf->tls[i].certificate == '/' && *conf->tls[i].key == '/');
		must(i == 0 || *conf->tls[i].name);
	}
	for (const struct conf_key *key = conf_keys; key->name; key++) {
		if (!key->of_pair)
			check_key(key, conf);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf conf;
	struct why why = {0};
	struct fuzz_text text = fuzz_copy(data, size);
	int err;

	file = &text;
	err = conf_load(&conf, "/fuzz.conf", &why);
	if (err == 0)
		check(&conf);
	else
		must(strstr(why.text, "/fuzz.conf") && why.class == WHY_PERM);
	conf_done(&conf);
	fuzz_free(&text);
	return 0;
}

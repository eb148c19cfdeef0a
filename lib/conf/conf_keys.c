/*
 * conf_keys - see conf_keys.h. A value is checked by its kind's function; there is no other place
 * where configuration text becomes data.
 */
#include "conf/conf_keys.h"

#include "base/num.h"
#include "conf/conf_texts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(m)  offsetof(struct conf, m)
#define IN_PAIR(m) offsetof(struct conf_tls_pair, m)
#define DAY        86400UL

#define CONF_TEXT_MAX 512

const struct conf_key conf_keys[] = {
	{"server", "hostname", CONF_DOMAIN, MEMBER(hostname), 0, 0, NULL, false},
	{"server", "domains", CONF_DOMAINS, MEMBER(domains), 0, 0, NULL, false},
	{"server", "user", CONF_NAME, MEMBER(user), 0, 0, NULL, false},
	{"accounts", "source", CONF_CHOICE, MEMBER(source), 0, 0, "system file self", false},
	{"accounts", "file", CONF_PATH, MEMBER(accounts_file), 0, 0, NULL, false},
	{"accounts", "owner", CONF_NAME, MEMBER(owner), 0, 0, NULL, false},
	{"accounts", "pam_service", CONF_NAME, MEMBER(pam_service), 0, 0, NULL, false},
	{"accounts", "delimiter", CONF_LETTER, MEMBER(delimiter), 0, 0, NULL, false},
	{"accounts", "aliases", CONF_PATH, MEMBER(aliases), 0, 0, NULL, false},
	{"store", "mailbox", CONF_STORE, MEMBER(mailbox), 0, 0, NULL, false},
	{"store", "cache", CONF_PATH, MEMBER(cache), 0, 0, NULL, false},
	{"store", "state", CONF_PATH, MEMBER(state), 0, 0, NULL, false},
	{"queue", "directory", CONF_PATH, MEMBER(queue), 0, 0, NULL, false},
	{"agent", "socket", CONF_PATH, MEMBER(agent_socket), 0, 0, NULL, false},
	{"tls", "certificate", CONF_PATH, IN_PAIR(certificate), 0, 0, NULL, true},
	{"tls", "key", CONF_PATH, IN_PAIR(key), 0, 0, NULL, true},
	{"tls", "priorities", CONF_TEXT, MEMBER(tls_priorities), 0, 0, NULL, false},
	{"tls", "tickets", CONF_PATH, MEMBER(tls_tickets), 0, 0, NULL, false},
	{"auth", "plaintext", CONF_CHOICE, MEMBER(plaintext), 0, 0, "never local always", false},
	{"auth", "failure_delay", CONF_MILLIS, MEMBER(failure_delay_ms), 0, 60, NULL, false},
	{"auth", "failures", CONF_PATH, MEMBER(failures), 0, 0, NULL, false},
	{"auth", "source_failures", CONF_COUNT, MEMBER(source_failures), 1, 1000000, NULL, false},
	{"auth", "user_failures", CONF_COUNT, MEMBER(user_failures), 1, 1000000, NULL, false},
	{"auth", "forget_failure", CONF_SECONDS, MEMBER(forget_seconds), 1, DAY, NULL, false},
	{"smtp", "max_message_size", CONF_SIZE, MEMBER(max_message_size), 1024, 1ULL << 40, NULL,
		false},
	{"smtp", "max_recipients", CONF_COUNT, MEMBER(max_recipients), 1, 100000, NULL, false},
	{"pop3", "uidl", CONF_CHOICE, MEMBER(uidl), 0, 0, "hash popa3d dovecot x-uidl", false},
	{"limits", "command_timeout", CONF_SECONDS, MEMBER(limits.command_seconds), 1, DAY, NULL,
		false},
	{"limits", "login_timeout", CONF_SECONDS, MEMBER(limits.login_seconds), 1, DAY, NULL,
		false},
	{"limits", "idle_timeout", CONF_SECONDS, MEMBER(limits.idle_seconds), 1, DAY, NULL, false},
	{"limits", "session_time", CONF_SECONDS, MEMBER(limits.session_seconds), 1, 7 * DAY, NULL,
		false},
	{"limits", "errors", CONF_COUNT, MEMBER(limits.errors), 1, 1000000, NULL, false},
	{"limits", "logins", CONF_COUNT, MEMBER(limits.logins), 1, 100, NULL, false},
	{"limits", "transactions", CONF_COUNT, MEMBER(limits.transactions), 1, 1000000, NULL,
		false},
	{"limits", "junk_commands", CONF_COUNT, MEMBER(limits.junk_commands), 1, 100000000, NULL,
		false},
	{"limits", "received", CONF_COUNT, MEMBER(limits.received), 1, 10000, NULL, false},
	{"limits", "data_rate", CONF_SIZE, MEMBER(limits.data_rate), 0, 1ULL << 30, NULL, false},
	{"limits", "per_source", CONF_COUNT, MEMBER(limits.per_source), 1, 100000, NULL, false},
	{"limits", "connections", CONF_COUNT, MEMBER(limits.connections), 1, 100000, NULL, false},
	{"limits", "listen_idle", CONF_SECONDS, MEMBER(limits.listen_idle), 1, DAY, NULL, false},
	{"limits", "lock_timeout", CONF_SECONDS, MEMBER(limits.lock_seconds), 0, 3600, NULL, false},
	{NULL, NULL, CONF_TEXT, 0, 0, 0, NULL, false},
};

static int refuse(struct why *why, const char *text)
{
	return why_set(
		why, EINVAL, WHY_PERM, "5.3.5", "%s", text); /* RFC 3463 3.4: misconfigured */
}

/* Where the text that a key sets belongs. */
struct text_place {
	struct conf *conf;
	const char **out;
	size_t size; /* the longest text and its NUL */
};

static int set_text(const struct text_place *place, const char *value, struct why *why)
{
	size_t len = strlen(value);

	if (len == 0)
		return refuse(why, "a value is missing");
	if (len >= place->size)
		return refuse(why, "the value is too long");
	return conf_text_keep(place->conf, value, place->out, why);
}

static int set_name(const struct text_place *place, const char *value, struct why *why)
{
	for (const char *at = value; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return refuse(why, "only letters, digits, '.', '_' and '-' may stand here");
	}
	if (*value == '-' || *value == '.')
		return refuse(why, "a name begins with a letter or digit");
	return set_text(place, value, why);
}

static int set_path(const struct text_place *place, const char *value, struct why *why)
{
	if (*value != '/')
		return refuse(why, "an absolute path is wanted, one that begins with '/'");
	return set_text(place, value, why);
}

static int set_store(const struct text_place *place, const char *value, struct why *why)
{
	static const char *const prefixes[] = {"mbox:", "maildir:"};
	const char *path = NULL;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (strncmp(value, prefixes[i], strlen(prefixes[i])) == 0)
			path = value + strlen(prefixes[i]);
	}
	if (!path)
		return refuse(why, "a mailbox is \"mbox:\" or \"maildir:\" and a path");
	if (*path != '/' && strncmp(path, "%h/", 3) != 0)
		return refuse(why, "the mailbox's path must begin with '/' or '%h/'");
	for (const char *at = strchr(path, '%'); at; at = strchr(at + 2, '%')) {
		if (!at[1] || !strchr("udh%", at[1]))
			return refuse(why, "after '%' comes 'u', 'd', 'h' or '%'");
	}
	if (value[strlen(value) - 1] == '/')
		return refuse(why, "no '/' stands at the end of the mailbox's path");
	return set_text(place, value, why);
}

/* RFC 1035 2.3.1 as relaxed by RFC 1123 2.1; "_" is in use in the wild. */
static int parse_domain(
	char out[static CONF_NAME_MAX], const char *value, size_t len, struct why *why)
{
	if (len == 0 || len > 255)
		return refuse(why, "a domain has 1 to 255 characters");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (!isalnum(c) && c != '-' && c != '.' && c != '_')
			return refuse(why, "a domain is made of letters, digits, '-' and '.'");
		out[i] = (char)tolower(c);
	}
	out[len] = '\0';
	if (out[0] == '.' || out[0] == '-' || out[len - 1] == '.' || strstr(out, ".."))
		return refuse(why, "not a domain: an empty label, or a '-' in front");
	return 0;
}

/* The pair of this name, at first an empty one. [tls]'s own stays in front: it is what a client
 * gets that names no name. */
static int find_pair(
	struct conf *conf, const char *name, struct conf_tls_pair **out, struct why *why)
{
	struct conf_tls_pair *pairs = conf->tls;

	for (size_t i = 0; i < conf->tls_count; i++) {
		if (strcmp(pairs[i].name, name) == 0) {
			*out = &pairs[i];
			return 0;
		}
	}
	if (conf->tls_count == CONF_MAX_PAIRS)
		return refuse(why, "more than 16 certificates");
	pairs = reallocarray(pairs, conf->tls_count + 1, sizeof(*pairs));
	if (!pairs)
		return why_errno(why, ENOMEM, "certificates", "list");
	conf->tls = pairs;
	*out = &pairs[conf->tls_count];
	if (!*name && conf->tls_count > 0) {
		memmove(pairs + 1, pairs, conf->tls_count * sizeof(*pairs));
		*out = pairs;
	}
	conf->tls_count++;
	**out = (struct conf_tls_pair){.name = "", .certificate = "", .key = ""};
	return *name ? conf_text_keep(conf, name, &(*out)->name, why) : 0;
}

/* [tls "name"]: the name, in lower case. 1; 0 if the section is something else; or -EINVAL. */
static int parse_pair_name(const char *section, char out[static CONF_NAME_MAX], struct why *why)
{
	static const char prefix[] = "tls \"";
	size_t len = strlen(section);

	*out = '\0';
	if (strcmp(section, "tls") == 0)
		return 1;
	if (strncmp(section, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	if (len < sizeof(prefix) || section[len - 1] != '"')
		return refuse(why, "after the name a '\"' is wanted: [tls \"name\"]");
	return parse_domain(out, section + sizeof(prefix) - 1, len - sizeof(prefix), why) < 0
		       ? -EINVAL
		       : 1;
}

int conf_key_find(struct conf *conf, const char *section, const char *name,
	const struct conf_key **key, void **out, struct why *why)
{
	char pair_name[CONF_NAME_MAX];
	struct conf_tls_pair *pair = NULL;
	int is_tls = parse_pair_name(section, pair_name, why);
	int err;

	if (is_tls < 0)
		return is_tls;
	for (const struct conf_key *row = conf_keys; row->name; row++) {
		if (strcmp(row->name, name) != 0 ||
			strcmp(row->section, is_tls ? "tls" : section) != 0 ||
			(*pair_name && !row->of_pair))
			continue;
		err = row->of_pair ? find_pair(conf, pair_name, &pair, why) : 0;
		if (err < 0)
			return err;
		*key = row;
		*out = pair ? (void *)pair : (void *)conf;
		return 0;
	}
	return -ENOENT;
}

static int set_domain(const struct text_place *place, const char *value, struct why *why)
{
	char domain[CONF_NAME_MAX];
	int err = parse_domain(domain, value, strlen(value), why);

	return err < 0 ? err : set_text(place, domain, why);
}

/* The key may be given several times (a line of the file has a limit); each adds its domains. */
static int set_domains(struct conf *conf, const char *value, struct why *why)
{
	size_t count = conf->domain_count;
	char domain[CONF_NAME_MAX];

	while (*value) {
		size_t len;
		int err;

		value += strspn(value, " \t,");
		len = strcspn(value, " \t,");
		if (len == 0)
			break;
		if (count == CONF_MAX_NAMES)
			return refuse(why, "more than 64 domains");
		err = parse_domain(domain, value, len, why);
		if (!err)
			err = conf_text_keep(conf, domain, &conf->domains[count], why);
		if (err < 0)
			return err;
		count++;
		value += len;
	}
	if (count == conf->domain_count)
		return refuse(why, "a value is missing");
	conf->domain_count = count;
	return 0;
}

static int set_letter(char *out, const char *value, struct why *why)
{
	if (*value && (value[1] || !strchr("+-_=.#", *value)))
		return refuse(why, "one of + - _ = . # is wanted, or nothing");
	*out = *value;
	return 0;
}

static int set_choice(const struct conf_key *key, void *out, const char *value, struct why *why)
{
	const char *word = key->choices;
	size_t want = strlen(value);

	for (unsigned i = 0; *word; i++) {
		size_t len = strcspn(word, " ");

		if (len == want && strncmp(word, value, len) == 0) {
			memcpy(out, &i, sizeof(i));
			return 0;
		}
		word += len + strspn(word + len, " ");
	}
	return why_set(why, EINVAL, WHY_PERM, "5.3.5", "one of these is wanted: %s", key->choices);
}

static int set_number(const struct conf_key *key, void *out, const char *value, struct why *why)
{
	uint64_t number;
	int err;

	switch (key->kind) {
	case CONF_SIZE:
		err = num_parse_size(value, UINT64_MAX, &number);
		break;
	case CONF_SECONDS:
	case CONF_MILLIS:
		err = num_parse_seconds(value, UINT64_MAX, &number);
		break;
	default:
		err = num_parse(value, strlen(value), UINT64_MAX, &number);
		break;
	}
	if (err < 0)
		return refuse(why, key->kind == CONF_COUNT ? "a whole number is wanted"
				   : key->kind == CONF_SIZE
					   ? "a size is wanted, such as 50M"
					   : "a time is wanted, such as 300 or 5m");
	if (number < key->min || number > key->max)
		return why_set(why, EINVAL, WHY_PERM, "5.3.5", "it must be %llu to %llu",
			(unsigned long long)key->min, (unsigned long long)key->max);
	if (key->kind == CONF_MILLIS)
		number *= 1000;
	memcpy(out, &number, sizeof(number));
	return 0;
}

int conf_key_set(const struct conf_key *key, struct conf *conf, void *into, const char *value,
	struct why *why)
{
	char *out = (char *)into + key->offset;
	struct text_place text = {conf, (const char **)(void *)out, CONF_NAME_MAX};

	switch (key->kind) {
	case CONF_TEXT:
		text.size = CONF_TEXT_MAX;
		return set_text(&text, value, why);
	case CONF_NAME:
		return set_name(&text, value, why);
	case CONF_DOMAIN:
		return set_domain(&text, value, why);
	case CONF_DOMAINS:
		return set_domains(conf, value, why);
	case CONF_PATH:
		text.size = PATH_MAX;
		return set_path(&text, value, why);
	case CONF_STORE:
		text.size = PATH_MAX;
		return set_store(&text, value, why);
	case CONF_LETTER:
		return set_letter(out, value, why);
	case CONF_CHOICE:
		return set_choice(key, out, value, why);
	case CONF_SIZE:
	case CONF_SECONDS:
	case CONF_MILLIS:
	case CONF_COUNT:
		return set_number(key, out, value, why);
	}
	return refuse(why, "the value can't be read");
}

int conf_set(struct conf *conf, const char *section, const char *name, const char *value,
	struct why *why)
{
	const struct conf_key *key;
	void *into;
	int err = conf_key_find(conf, section, name, &key, &into, why);

	if (err == -ENOENT)
		return why_set(why, ENOENT, WHY_PERM, "5.3.5", "unknown key");
	return err < 0 ? err : conf_key_set(key, conf, into, value, why);
}

/*
 * conf_defaults - see conf_defaults.h.
 *
 * Root and system users (the agent, the sessions under systemd) get the system's folders. An
 * ordinary user who runs a session on a pipe has no business there, and needs no set-up: all of it
 * lies in that user's own $XDG_STATE_HOME/pillarbox, and the only account is that user.
 */
#include "conf/conf_defaults.h"

#include "conf/conf_texts.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct conf system_defaults = {
	.hostname = "",
	.user = "",
	.owner = "",
	.tls_priorities = "",
	.source = CONF_SOURCE_SYSTEM,
	.accounts_file = "/etc/pillarbox/users",
	.pam_service = "pillarbox",
	.delimiter = '+',
	.aliases = "/etc/aliases",
	.mailbox = "mbox:/var/mail/%u",
	.cache = "/var/cache/pillarbox",
	.state = "/var/lib/pillarbox",
	.queue = "/var/spool/pillarbox",
	.agent_socket = "/run/pillarbox/agent",
	.plaintext = CONF_PLAINTEXT_LOCAL,
	.tls_tickets = "/run/pillarbox/tickets",
	.failure_delay_ms = 2000,
	.failures = "/run/pillarbox/failures",
	.source_failures = 20,
	.user_failures = 50,
	.forget_seconds = 60,
	.max_message_size = 50ULL << 20,
	.max_recipients = 1000, /* RFC 5321 4.5.3.1.8 asks for at least 100 */
	.uidl = CONF_UIDL_HASH,
	.limits =
		{
			.command_seconds = 300, /* RFC 5321 4.5.3.2.7 */
			.login_seconds = 60,
			.idle_seconds = 600, /* RFC 1939 section 3 */
			.session_seconds = 7200,
			.errors = 20,
			.logins = 3,
			.transactions = 100,
			.junk_commands = 1000,
			.received = 50,
			.data_rate = 500,
			.per_source = 20,
			.connections = 256,
			.listen_idle = 30,
			.lock_seconds = 30,
		},
};

const struct conf_limits *conf_default_limits(void)
{
	return &system_defaults.limits;
}

bool conf_is_ordinary(void)
{
	return geteuid() >= 1000;
}

static int put_base(
	char base[static PATH_MAX], const char *folder, const char *below, struct why *why)
{
	int len = snprintf(base, PATH_MAX, "%s%s/pillarbox", folder, below);

	if (len < 0 || len >= PATH_MAX)
		return why_set(why, ENAMETOOLONG, WHY_PERM, "5.3.5", "$XDG_STATE_HOME is too long");
	return 0;
}

/* XDG Base Directory Specification: relative values are to be ignored. */
static int find_base(char base[static PATH_MAX], struct why *why)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (state && *state == '/')
		return put_base(base, state, "", why);
	if (!home || *home != '/') {
		pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : NULL;
	}
	if (!home || *home != '/')
		return why_set(why, ENOENT, WHY_PERM, "5.3.5",
			"neither XDG_STATE_HOME nor HOME is set, and uid %u has no home",
			(unsigned)geteuid());
	return put_base(base, home, "/.local/state", why);
}

static int defaults_of_ordinary(struct conf *conf, struct why *why)
{
	const struct {
		const char **out;
		const char *prefix;
		const char *rest;
	} places[] = {
		{&conf->mailbox, "mbox:", "/mail/%u"},
		{&conf->cache, "", "/cache"},
		{&conf->state, "", "/state"},
		{&conf->queue, "", "/queue"},
		{&conf->failures, "", "/cache/failures"},
	};
	char base[PATH_MAX];
	char path[PATH_MAX + 32];
	int err = find_base(base, why);

	conf->source = CONF_SOURCE_SELF;
	conf->tls_tickets = ""; /* keys for tickets belong into memory, never onto a disk */
	for (size_t i = 0; !err && i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s%s%s", places[i].prefix, base, places[i].rest);
		err = conf_text_keep(conf, path, places[i].out, why);
	}
	return err;
}

int conf_defaults(struct conf *conf, struct why *why)
{
	conf_done(conf);
	*conf = system_defaults;
	return conf_is_ordinary() ? defaults_of_ordinary(conf, why) : 0;
}

/* The host's name as it calls itself; where that has no dot, as the resolver completes it. */
static void find_hostname(char out[static CONF_NAME_MAX])
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	if (gethostname(out, CONF_NAME_MAX) < 0 || !*out)
		snprintf(out, CONF_NAME_MAX, "localhost");
	out[CONF_NAME_MAX - 1] = '\0';
	if (!strchr(out, '.') && strcmp(out, "localhost") != 0 &&
		getaddrinfo(out, NULL, &hints, &found) == 0) {
		if (found->ai_canonname && strlen(found->ai_canonname) < CONF_NAME_MAX)
			snprintf(out, CONF_NAME_MAX, "%s", found->ai_canonname);
		freeaddrinfo(found);
	}
	for (char *at = out; *at; at++)
		*at = (char)tolower((unsigned char)*at);
}

int conf_defaults_names(struct conf *conf, struct why *why)
{
	char hostname[CONF_NAME_MAX];
	int err = 0;

	if (!*conf->hostname) {
		find_hostname(hostname);
		err = conf_text_keep(conf, hostname, &conf->hostname, why);
	}
	if (conf->domain_count == 0) {
		conf->domains[0] = conf->hostname;
		conf->domains[1] = "localhost";
		conf->domain_count = 2;
	}
	return err;
}

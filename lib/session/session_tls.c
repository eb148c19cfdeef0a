/*
 * session_tls - see session_tls.h. Trusts the configuration and the agent; the peer not at all:
 * whatever comes of the handshake that is not TLS ends the connection.
 */
#include "session/session_tls.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/session_link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(TLS_TICKET_KEY_SIZE == AGENT_TICKET_SIZE, "the agent's keys are for TLS");

#define UNIT_CERTIFICATE "/etc/pillarbox/tls.crt" /* LoadCredential= in our units */

struct setup {
	struct tls_pair pairs[CONF_MAX_PAIRS];
	struct tls_setup tls;
};

static void set_up(struct setup *setup, const struct conf *conf)
{
	for (size_t i = 0; i < conf->tls_count; i++)
		setup->pairs[i] = (struct tls_pair){.name = conf->tls[i].name,
			.certificate = conf->tls[i].certificate,
			.key = conf->tls[i].key};
	setup->tls = (struct tls_setup){.pairs = setup->pairs,
		.count = conf->tls_count,
		.priorities = conf->tls_priorities};
}

static void look_at(const char *path, struct stat *out)
{
	if (!path || stat(path, out) < 0)
		memset(out, 0, sizeof(*out));
}

static void look_behind_credentials(const struct conf *conf, struct session_tls_sources *out)
{
	bool passed = getenv("CREDENTIALS_DIRECTORY");
	bool named = conf->tls_count > 0 && !*conf->tls[0].name;

	look_at(passed ? UNIT_CERTIFICATE : NULL, &out->by_unit);
	look_at(passed && named ? conf->tls[0].certificate : NULL, &out->by_conf);
}

int session_tls_read(struct session_tls *tls, const struct conf *conf)
{
	struct setup setup;
	int err;

	set_up(&setup, conf);
	if (tls->server && !tls_server_is_stale(tls->server, &setup.tls))
		return 0;
	tls_server_free(&tls->server);
	memset(tls, 0, sizeof(*tls));
	look_behind_credentials(conf, &tls->sources);
	err = tls_server_new(&setup.tls, &tls->server, &tls->why);
	tls->wanted = err != -ENOENT || tls->why.class != WHY_NONE;
	return tls->wanted ? err : 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool session_tls_is_outdated(const struct session_tls *tls, const struct conf *conf)
{
	struct session_tls_sources now;

	look_behind_credentials(conf, &now);
	return !is_same(&now.by_unit, &tls->sources.by_unit) ||
	       !is_same(&now.by_conf, &tls->sources.by_conf);
}

int session_tls_load(struct session_tls *tls)
{
	int err;

	if (!tls->server)
		return tls->wanted ? -EINVAL
				   : why_set(&tls->why, ENOENT, WHY_PERM, "5.3.5",
					     "[tls] names no certificate");
	if (tls->loaded)
		return 0;
	err = tls_server_load(tls->server, &tls->why);
	tls->loaded = err == 0;
	if (tls->loaded && *tls_server_note(tls->server))
		log_event(LOG_WARNING, "note", LOG_REASON, tls_server_note(tls->server), LOG_END);
	return err;
}

/* What could not be loaded before the door was shut can't be now, and the log knows why. */
int session_tls_prepare(struct session_link *link, struct why *why)
{
	struct session_tls *tls = link->start->tls;
	int err = -EINVAL;
	int sealed;

	if (!link->sealed || tls->loaded) {
		err = session_tls_load(tls);
		if (err < 0)
			log_event(LOG_ERR, "tls-unusable", LOG_STATUS, tls->why.status, LOG_REASON,
				tls->why.text, LOG_END);
	}
	sealed = session_link_seal(link, why);
	if (sealed < 0)
		return sealed;
	if (err < 0)
		*why = tls->why;
	return err;
}

/* The service's key for tickets. Without one TLS works as well, only that each handshake is whole.
 */
static bool get_ticket_key(struct session_link *link, unsigned char key[static TLS_TICKET_KEY_SIZE])
{
	struct why why = {0};
	int err = agent_ticket_key(&link->agent, link->start->service->name, key, &why);

	if (err < 0 && err != -ENOENT)
		log_event(LOG_WARNING, "no-tickets", LOG_STATUS, why.status, LOG_REASON, why.text,
			LOG_END);
	return err == 0;
}

static void log_begun(struct session_link *link, int64_t began)
{
	const char *how = tls_is_resumed(link->tls) ? "resumed" : "";
	char took[24];

	log_context(LOG_TLS, tls_description(link->tls));
	snprintf(took, sizeof(took), "%" PRId64, clock_us() - began);
	log_event(LOG_INFO, "tls", LOG_DURATION_US, took, LOG_REASON, how, LOG_END);
}

int session_tls_begin(struct session_link *link)
{
	unsigned char key[TLS_TICKET_KEY_SIZE];
	int64_t began = clock_us();
	bool tickets = get_ticket_key(link, key);
	struct why why = {0};
	int err = tls_accept(link->start->tls->server, &link->stream, tickets ? key : NULL,
		clock_ms() + link->handshake_ms, &link->tls, &why);

	explicit_bzero(key, sizeof(key));
	/* Whoever takes over the session from here on does not find the certificates' keys. */
	tls_server_free(&link->start->tls->server);
	if (err < 0)
		log_event(LOG_NOTICE, "tls-failed", LOG_REASON, why.text, LOG_END);
	else
		log_begun(link, began);
	return err;
}

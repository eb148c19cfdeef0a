/*
 * session_link - see session_link.h.
 *
 * What takes rights or files happens before the peer has said a word, and in this order: the
 * channel to the agent, TLS where the connection begins with it, the jail. A process that could not
 * do one of them serves nothing.
 */
#include "session/session_link.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/jail.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#define SESSION_USER  "pillarbox"
#define GRACE_SECONDS 60    /* for a session to end by itself, before the jail ends it */
#define GOODBYE_MS    10000 /* for the word that there is no session */

static bool begins_with_tls(const struct session_link *link)
{
	return link->start->service->flags & SESSION_TLS;
}

static int start_stream(struct session_link *link, const struct session_plan *plan, int in, int out)
{
	int64_t now = clock_ms();
	uint64_t handshake = plan->handshake_seconds < SESSION_HANDSHAKE_SECONDS
				     ? plan->handshake_seconds
				     : SESSION_HANDSHAKE_SECONDS;

	link->handshake_ms = (int64_t)handshake * 1000;
	peer_learn(&link->peer, in, out);
	id_make(link->id);
	log_context(LOG_SESSION_ID, link->id);
	log_context(LOG_REMOTE_ADDR, link->peer.address);
	log_context(LOG_USER, NULL);
	log_context(LOG_TLS, NULL);
	return stream_init(&link->stream, in, out, link->peer.network && !plan->lenient,
		now + (int64_t)link->conf->limits.session_seconds * 1000);
}

static int call_agent(struct session_link *link, struct why *why)
{
	uint64_t patience = link->conf->limits.session_seconds / 2;
	const struct agent_peer peer = {.session = link->id,
		.service = link->start->service->name,
		.remote = link->peer.address,
		.pipe = link->peer.pipe};
	int err = agent_open_channel(
		&link->agent, link->conf->agent_socket, link->start->config_path, &peer, why);

	if (err == 0 && patience < AGENT_PATIENCE_SECONDS)
		agent_set_patience(&link->agent, patience);
	return err;
}

static int enter_jail(struct session_link *link, const struct session_plan *plan, struct why *why)
{
	bool named = *link->conf->user;
	const struct session_tls *tls = link->start->tls;
	struct jail jail = {.user = named ? link->conf->user : SESSION_USER,
		.named = named,
		.max_file = plan->max_file,
		.max_seconds = link->conf->limits.session_seconds + GRACE_SECONDS,
		.fds = {.channel = link->agent.fd, .connection = link->stream.out},
		.may_load = tls->server && !tls->loaded,
		.module = tls->server ? tls_module_path(tls->server) : NULL};
	bool fallback;
	bool open;
	int err = jail_enter(&jail, &fallback, &open, why);

	link->sealed = !jail.may_load;
	if (err < 0)
		return err;
	if (fallback)
		log_event(LOG_WARNING, "no-user", LOG_REASON,
			"there is no user " SESSION_USER ": this session runs as nobody", LOG_END);
	if (open)
		log_event(LOG_WARNING, "no-jail", LOG_REASON,
			"the kernel lacks Landlock or seccomp filters", LOG_END);
	return 0;
}

static int prepare(struct session_link *link, const struct session_plan *plan, struct why *why)
{
	int err = call_agent(link, why);

	if (err == 0 && begins_with_tls(link)) {
		err = session_tls_load(link->start->tls);
		if (err < 0) {
			*why = link->start->tls->why;
			link->status = EX_CONFIG;
		}
	}
	return err < 0 ? err : enter_jail(link, plan, why);
}

/* A peer that waits for TLS can't be told anything. */
static void tell(struct session_link *link, const char *text)
{
	if (begins_with_tls(link))
		return;
	stream_put(&link->stream, text, strlen(text));
	(void)stream_flush(&link->stream, clock_ms() + GOODBYE_MS);
}

bool session_link_open(struct session_link *link, const struct session_start *start,
	const struct session_plan *plan, int in, int out)
{
	struct why why = {0};

	memset(link, 0, sizeof(*link));
	link->start = start;
	link->conf = start->conf;
	link->agent.fd = -1;
	link->status = EX_OSERR;
	if (start_stream(link, plan, in, out) < 0)
		return false;
	log_event(LOG_INFO, "connect", LOG_END);
	link->status = EX_TEMPFAIL;
	if (prepare(link, plan, &why) < 0) {
		log_event(LOG_ERR, "unavailable", LOG_STATUS, why.status, LOG_REASON, why.text,
			LOG_END);
		tell(link, start->program->unavailable);
		return false;
	}
	link->status = EX_OK;
	return !begins_with_tls(link) || session_tls_begin(link) == 0;
}

int session_link_seal(struct session_link *link, struct why *why)
{
	int err = link->sealed ? 0 : jail_seal(why);

	link->sealed = err == 0;
	if (err < 0)
		log_event(LOG_ERR, "unavailable", LOG_STATUS, why->status, LOG_REASON, why->text,
			LOG_END);
	return err;
}

void session_link_close(struct session_link *link, bool linger)
{
	bool is_tls = link->tls;

	agent_close_channel(&link->agent);
	tls_close(&link->tls);
	/* The peer may say close_notify, too (RFC 8446 section 6.1): to us that is data which
	 * nobody reads any more. */
	if (linger || is_tls)
		stream_linger(&link->stream);
	stream_done(&link->stream);
}

static bool is_private(const struct session_link *link)
{
	switch (link->conf->plaintext) {
	case CONF_PLAINTEXT_ALWAYS:
		return true;
	case CONF_PLAINTEXT_LOCAL:
		return link->tls || link->peer.local;
	case CONF_PLAINTEXT_NEVER:
		break;
	}
	return link->tls;
}

unsigned session_link_has(const struct session_link *link)
{
	return (is_private(link) ? VERB_NEEDS_PRIVACY : 0) |
	       (*link->user ? VERB_NEEDS_LOGIN : VERB_NEEDS_NOBODY) |
	       (link->start->tls->wanted ? VERB_NEEDS_TLS : 0) | (link->tls ? 0 : VERB_NEEDS_CLEAR);
}

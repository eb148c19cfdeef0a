/*
 * pop3_session - one POP3 session, from the first thing it needs to the last thing it gives back.
 *
 * Everything that takes rights or files happens before the peer has said a word, and in this order:
 * the channel to the agent, then the jail, then the greeting.
 */
#include "pop3_session.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/log.h"
#include "io/jail.h"
#include "pop3_converse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SESSION_USER  "pillarbox"
#define JAIL_MAX_FILE (16 << 20) /* octets; a session writes no file but its marks, in memory */

static int enter_jail(const struct pop3_session *session, struct why *why)
{
	const struct conf *conf = session->conf;
	bool named = *conf->user;
	struct jail jail = {.user = named ? conf->user : SESSION_USER,
		.named = named,
		.max_file = JAIL_MAX_FILE,
		.max_seconds = conf->limits.session_seconds + 60,
		.channel = session->agent.fd};
	bool fallback;
	bool open;
	int err = jail_enter(&jail, &fallback, &open, why);

	if (fallback)
		log_event(LOG_WARNING, "no-user", LOG_REASON,
			"there is no user " SESSION_USER ": this session runs as nobody", LOG_END);
	return err;
}

static int prepare(struct pop3_session *session, const char *config_path, struct why *why)
{
	char id[ID_SIZE];
	int err;

	id_make(id);
	log_context(LOG_SESSION_ID, id);
	log_context(LOG_REMOTE_ADDR, session->peer.address);
	log_event(LOG_INFO, "connect", LOG_END);
	err = agent_open_channel(&session->agent, session->conf->agent_socket, config_path, id,
		session->peer.address, why);
	if (err == 0 && session->conf->limits.session_seconds / 2 < AGENT_PATIENCE_SECONDS)
		agent_set_patience(&session->agent, session->conf->limits.session_seconds / 2);
	return err < 0 ? err : enter_jail(session, why);
}

/* RFC 1939 section 3 has no other way to say at connect that there is no service. */
static int give_up(const struct why *why, int out)
{
	log_event(LOG_ERR, "unavailable", LOG_STATUS, why->status, LOG_REASON, why->text, LOG_END);
	(void)fd_write(out, POP3_UNAVAILABLE, strlen(POP3_UNAVAILABLE));
	return EX_TEMPFAIL;
}

static int run(struct pop3_session *session, const char *config_path, int in, int out)
{
	int64_t now = clock_ms();
	const struct conf_limits *limits = &session->conf->limits;
	struct why why = {0};
	int err;

	session->state = POP3_AUTHORIZATION;
	session->began = clock_us();
	session->login_deadline = now + (int64_t)limits->login_seconds * 1000;
	session->agent.fd = -1;
	peer_learn(&session->peer, in, out);
	err = prepare(session, config_path, &why);
	/* Not strict: LF alone ends a line, too, as with every POP3 server. Nothing can be smuggled
	 * here. */
	if (!err && stream_init(&session->stream, in, out, false,
			    now + (int64_t)limits->session_seconds * 1000) < 0)
		err = why_errno(&why, ENOMEM, "session", "start");
	if (err < 0)
		return give_up(&why, out);
	pop3_converse(session);
	pop3_message_close(&session->message);
	pop3_maildrop_done(&session->drop);
	stream_done(&session->stream);
	return EX_OK;
}

int pop3_session_run(const struct conf *conf, const char *config_path, int in, int out)
{
	struct pop3_session *session = calloc(1, sizeof(*session));
	int status;

	if (!session)
		return EX_OSERR;
	session->conf = conf;
	status = run(session, config_path, in, out);
	agent_close_channel(&session->agent);
	free(session);
	return status;
}

int pop3_session_refuse(int out)
{
	(void)fd_write(out, POP3_UNAVAILABLE, strlen(POP3_UNAVAILABLE));
	return EX_CONFIG;
}

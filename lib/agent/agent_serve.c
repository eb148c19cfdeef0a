/*
 * agent_serve - see agent_server.h: who may ask, what may be asked when, and how often.
 *
 * The table is all of the privileged surface. System calls of this file: getsockopt (SO_PEERCRED),
 * getpeername, geteuid, umask, prctl, setrlimit, sigaction, close, and what NSS needs to find the
 * sessions' user.
 */
#include "agent/agent_server.h"

#include "agent/agent_monitor.h"
#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSIONS_USER "pillarbox"
#define GRACE_SECONDS 60 /* a session's own time limit is to come first */

#define NOBODYS (AGENT_STATE_OPEN | AGENT_STATE_STAGED)
#define USERS   (AGENT_STATE_USER | AGENT_STATE_USER_STAGED)

static const struct agent_row rows[AGENT_OPS] = {
	[AGENT_LOOKUP] = {agent_lookup_handle, NOBODYS | USERS},
	[AGENT_STAGE] = {agent_stage_handle, NOBODYS | USERS},
	[AGENT_DELIVER] = {agent_deliver_handle, AGENT_STATE_STAGED | AGENT_STATE_USER_STAGED},
	[AGENT_LOGIN] = {agent_login_handle, NOBODYS},
	[AGENT_TICKET] = {agent_ticket_handle, NOBODYS},
};

void agent_tell(const struct agent_monitor *monitor, struct agent_event *event)
{
	if (monitor->request) {
		event->session = monitor->request->session;
		event->remote = monitor->request->remote;
	}
	if (!event->user)
		event->user = monitor->user;
	monitor->server->event(monitor->server->context, event);
}

void agent_note(void *context, const char *text)
{
	struct agent_event event = {.name = "note", .bad = true, .reason = text};

	agent_tell(context, &event);
}

void agent_note_user(
	const struct agent_monitor *monitor, const struct account *account, const char *text)
{
	struct agent_event event = {
		.name = "note", .bad = true, .user = account->name, .reason = text};

	agent_tell(monitor, &event);
}

void agent_tell_killed(
	const struct agent_monitor *monitor, const struct account *account, const char *reason)
{
	struct agent_event event = {
		.name = "child-killed", .bad = true, .user = account->name, .reason = reason};

	agent_tell(monitor, &event);
}

/* The user whom sessions become when root starts them. Where neither exists they are "nobody". */
static bool is_sessions_user(const struct conf *conf, uid_t uid)
{
	const struct passwd *pw = getpwnam(*conf->user ? conf->user : SESSIONS_USER);

	if (!pw && !*conf->user)
		pw = getpwnam("nobody");
	return pw && pw->pw_uid == uid;
}

static int check_peer(const struct agent_monitor *monitor)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(monitor->connection.fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	if (peer.uid == 0 || peer.uid == geteuid() || is_sessions_user(monitor->conf, peer.uid))
		return 0;
	return -EPERM;
}

/* More than any session of ours can have reason to ask. */
static uint64_t count_requests(const struct conf *conf)
{
	return 1 + conf->limits.logins + conf->limits.junk_commands +
	       conf->limits.transactions * (2 * conf->max_recipients + conf->limits.errors + 2);
}

/* A password must not end in a core file; children are to be waited for; modes are said where files
 * are made. */
static void prepare_process(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(022);
}

static void tell_refused(const struct agent_monitor *monitor, int err)
{
	struct agent_event event = {.name = "refused", .bad = true, .reason = strerror(-err)};

	if (err == -EPERM)
		event.reason = "the peer is neither root, nor the agent's, nor the sessions' user";
	else if (err == -EPROTO)
		event.reason = "a request that no session sends";
	else if (err == -EDQUOT)
		event.reason = "too many requests";
	agent_tell(monitor, &event);
}

int agent_serve(const struct agent_server *server, int fd)
{
	struct agent_monitor monitor = {
		.server = server,
		.conf = server->conf,
		.staged = -1,
		.connection = {.fd = fd, .companion = -1, .state = AGENT_STATE_OPEN},
	};
	int err;

	prepare_process();
	monitor.connection.requests = count_requests(server->conf);
	monitor.connection.deadline_ms =
		clock_ms() + (int64_t)(server->conf->limits.session_seconds + GRACE_SECONDS) * 1000;
	agent_name_get(fd, &monitor.connection.peer);
	err = check_peer(&monitor);
	if (err == 0) {
		agent_dispatch(&monitor.connection, rows, &monitor);
		err = monitor.connection.error;
	}
	monitor.request = NULL;
	if (err < 0)
		tell_refused(&monitor, err);
	fd_close(&monitor.staged);
	return err;
}

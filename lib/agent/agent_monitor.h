/*
 * agent_monitor - the process that serves one connection until somebody logs in for a maildrop:
 * what its handlers share.
 */
#ifndef AGENT_AGENT_MONITOR_H
#define AGENT_AGENT_MONITOR_H

#include "account/account.h"
#include "agent/agent_dispatch.h"
#include "agent/agent_server.h"

enum agent_state {
	AGENT_STATE_OPEN = 1,        /* nobody has logged in, nothing was staged yet */
	AGENT_STATE_STAGED = 2,      /* nobody has logged in, there is a message to deliver */
	AGENT_STATE_USER = 4,        /* somebody has, nothing was staged since then */
	AGENT_STATE_USER_STAGED = 8, /* somebody has, there is a message to deliver */
};

struct agent_monitor {
	const struct agent_server *server;
	const struct conf *conf;
	struct agent_connection connection;
	int staged;
	uint64_t failures;             /* of log-ins */
	char user[ACCOUNT_NAME_MAX];   /* who has logged in; empty: nobody */
	struct agent_request *request; /* the one in hand, for the log */
};

/* Each is one row of the table in agent_serve.c. */
enum agent_then agent_lookup_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds);
enum agent_then agent_stage_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds);
enum agent_then agent_deliver_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds);
enum agent_then agent_login_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds);
enum agent_then agent_ticket_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds);

/* Report an event of the request in hand: session and remote are filled in, and who has logged in
 * where the event is about no other user. */
void agent_tell(const struct agent_monitor *monitor, struct agent_event *event);

/* An account library's note, or one about a folder; context is the monitor. */
void agent_note(void *context, const char *text);

/* A note of the mailbox's. */
void agent_note_user(
	const struct agent_monitor *monitor, const struct account *account, const char *text);

/* The child that worked on the mailbox was killed. */
void agent_tell_killed(
	const struct agent_monitor *monitor, const struct account *account, const char *reason);

#endif

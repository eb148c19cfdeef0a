/*
 * agent_client - a session's side of the agent socket: one blocking call per request.
 *
 * Each function returns 0, or -errno with *why filled for the reply and the log; an agent that has
 * gone away is -EPIPE with class WHY_TEMP. fds that come out belong to the caller.
 */
#ifndef AGENT_AGENT_CLIENT_H
#define AGENT_AGENT_CLIENT_H

#include "agent/agent_msg.h"
#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

struct agent {
	int fd;
	char session[AGENT_ID_SIZE];
	char remote[AGENT_REMOTE_SIZE];
};

struct agent_peer {
	const char *session; /* its id; copied into each request, as is */
	const char *service; /* its name; NULL: the channel gets no name (agent_name.h) */
	const char *remote;  /* the peer's address */
	bool pipe;           /* it holds this process's pipe: no network in between */
};

/*
 * Get a channel, before the session gives its rights away: connect to socket_path if that is there
 * and usable, else start a spool-agent on a socketpair. config_path (may be NULL) is handed to it.
 * An agent of its own is told now, before the peer has said a word, whether the peer holds a pipe;
 * one that is connected to takes nobody's word for that.
 */
int agent_open_channel(struct agent *agent, const char *socket_path, const char *config_path,
	const struct agent_peer *peer, struct why *why);
void agent_close_channel(struct agent *agent);

#define AGENT_PATIENCE_SECONDS                                                                     \
	600 /* by default: removing from a mailbox of many GB takes its time */

/* Wait for no answer longer than so many seconds (at least 1); after that the agent counts as gone
 * away. */
void agent_set_patience(const struct agent *agent, uint64_t seconds);

/* recipient: "local-part@domain". 0: mail for it is taken. WHY_PERM 5.1.1: no such mailbox. */
int agent_lookup(struct agent *agent, const char *recipient, struct why *why);

/* An unlinked, empty file on the agent's disk to write the message into: LF line ends. */
int agent_stage(struct agent *agent, int *fd, struct why *why);

/* Deliver the staged message to one recipient. 0 means on disk. */
int agent_deliver(struct agent *agent, const char *sender, const char *recipient,
	const char *queue_id, struct why *why);

struct agent_login {
	const char *service; /* "pop3", "smtp" */
	const char *user;
	const char *password;
};

/* WHY_AUTH: the credentials; WHY_TEMP: ours. Each failure takes the agent's [auth] failure_delay.
 */
int agent_login(struct agent *agent, const struct agent_login *login, struct why *why);

/*
 * The key with which TLS session tickets of this service ("smtp", "submission", "submissions",
 * "pop3", "pop3s") are sealed now. It is the same for all sessions of the service and changes every
 * few hours. -ENOENT: there is none, and no tickets are to be given.
 */
int agent_ticket_key(struct agent *agent, const char *service,
	unsigned char key[static AGENT_TICKET_SIZE], struct why *why);

struct agent_maildrop {
	size_t count;
	uint64_t octets;
	const struct agent_entry *entries; /* count of them, read-only memory; NULL: there are none,
					      or not yet */
};

/* Lock the maildrop of the user who logged in, and learn how much is in it: no entries yet.
 * WHY_INUSE: another session has it. */
int agent_open_maildrop(struct agent *agent, struct agent_maildrop *drop, struct why *why);

/* Get the entries of the open maildrop. Again it costs nothing. */
int agent_list_maildrop(struct agent *agent, struct agent_maildrop *drop, struct why *why);
void agent_maildrop_done(struct agent_maildrop *drop);

/* Where some messages lie that follow one another: all in one file. */
struct agent_run {
	int fd; /* read-only; -1: there are none */
	enum agent_form form;
	struct agent_stamp stamp;
	size_t first; /* number */
	size_t count;
	struct agent_range at[1 + AGENT_NEXT_MAX];
};

/*
 * Where message number (from 1) lies now, and, if it is more than one message, where the next ones
 * do. The caller closes run->fd. That nobody has written to the file between the agent's look and
 * the last read() is the caller's to find out: by the stamp. A run of one message is to be used
 * once and at once (agent_msg.h).
 */
int agent_fetch(struct agent *agent, size_t number, struct agent_run *run, struct why *why);

/*
 * Remove, as one, the messages whose bit is set (number n: bitmap[(n - 1) / 8] & 1 << (n - 1) % 8),
 * and unlock the maildrop. 0 means that the removal is on disk. count: messages in the maildrop.
 */
int agent_update(struct agent *agent, const unsigned char *bitmap, size_t count, struct why *why);

#endif

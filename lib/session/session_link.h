/*
 * session_link - one connection of a session: its peer, its stream, its TLS, its agent, and who has
 * logged in on it. What SMTP, LMTP and POP3 do before they say a word, and behind the last one.
 */
#ifndef SESSION_SESSION_LINK_H
#define SESSION_SESSION_LINK_H

#include "agent/agent_client.h"
#include "base/id.h"
#include "io/peer.h"
#include "io/stream.h"
#include "io/tls.h"
#include "session/session_main.h"

#include <stdbool.h>
#include <stdint.h>

/* What the protocol wants of its connection. */
struct session_plan {
	bool lenient;               /* LF alone ends a line from a network, too */
	uint64_t max_file;          /* octets that a file may grow to, for the jail */
	uint64_t handshake_seconds; /* its own limit; SESSION_HANDSHAKE_SECONDS holds as well */
};

struct session_link {
	const struct session_start *start;
	const struct conf *conf;
	char id[ID_SIZE];
	struct peer peer;
	struct stream stream;
	struct agent agent;
	struct tls *tls; /* NULL: in clear */
	bool sealed;     /* the jail is */
	int64_t handshake_ms;
	char user[AGENT_ADDRESS_SIZE]; /* who has logged in; empty: nobody */
	uint64_t failed_logins;
	int status; /* the program's exit status, if nothing else goes wrong */
};

/*
 * Everything that may fail before the greeting, in the order that makes it safe: learn the peer,
 * get what takes rights, give the rights up, and only then read the first octet; TLS, where it is
 * there from the beginning, included. False: there is no session. Then the peer was told so, if it
 * can be told, and the log, and link->status says how to end. The link is closed by
 * session_link_close() in either case.
 */
bool session_link_open(struct session_link *link, const struct session_start *start,
	const struct session_plan *plan, int in, int out);

/* TLS is loaded, or will never be: nothing can be from now on. 0, or -errno with *why, and the log
 * knows; nothing more must be served then. Again it costs nothing. */
int session_link_seal(struct session_link *link, struct why *why);

/* linger: the last reply was an unexpected one, which must not be lost to a reset (RFC 1122 section
 * 4.2.2.13). */
void session_link_close(struct session_link *link, bool linger);

/* What the connection has, for the verb table: a set of VERB_NEEDS_... */
unsigned session_link_has(const struct session_link *link);

#endif

/*
 * session_tls - a session's certificates, and the moment when TLS begins on its connection.
 *
 * The files' bytes are read when a process starts, while it still has the right to; what GnuTLS
 * makes of them comes later, when a client asks for TLS, or before that in a listener, whose
 * children then have it for nothing.
 */
#ifndef SESSION_SESSION_TLS_H
#define SESSION_SESSION_TLS_H

#include "base/why.h"
#include "conf/conf.h"
#include "io/tls.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define SESSION_HANDSHAKE_SECONDS 60 /* at the most */

struct session_link;

/* Where the service manager passes credentials: the files that they may be copies of, which are the
 * one that our units name, and [tls]'s own. All zero where one is not there, or can't be seen. */
struct session_tls_sources {
	struct stat by_unit;
	struct stat by_conf;
};

struct session_tls {
	struct tls_server *server; /* NULL: TLS is off, or the files can't be used */
	bool wanted;               /* TLS is set up, whether or not it can be used */
	bool loaded;
	struct why why; /* why it can't be used */
	struct session_tls_sources sources;
};

/*
 * Read the files that conf names, unless they are in memory as they are now. 0: TLS is off, or the
 * files were read; else -errno, and tls->why names the file.
 */
int session_tls_read(struct session_tls *tls, const struct conf *conf);

/*
 * Have credentials (see tls_server_new()) got old? They never change as long as a process lives;
 * but when a file of which they may be a copy has changed since they were read, or was not there,
 * the next process will have others.
 */
bool session_tls_is_outdated(const struct session_tls *tls, const struct conf *conf);

/* Load what was read, and tell the log what is odd about it. 0 or -errno with tls->why. Again it
 * costs nothing. */
int session_tls_load(struct session_tls *tls);

/* Can TLS begin on the connection now? Loads, and seals the jail. 0, or -errno with *why, and the
 * log knows. If link->sealed is false then, nothing more must be served. */
int session_tls_prepare(struct session_link *link, struct why *why);

/*
 * The handshake. 0: the stream is under TLS, and the log knows how. -errno: the log knows why, and
 * the connection is good for nothing any more; nothing must be said on it.
 */
int session_tls_begin(struct session_link *link);

#endif

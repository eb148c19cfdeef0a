/*
 * serve - how a program was started, and one session for each connection (DESIGN 2).
 *
 * fd 0 a connected socket, a pipe, a file or a terminal: one session on fd 0 and 1. A connected
 * socket passed by systemd (LISTEN_FDS): one session on that. A listening socket, as fd 0 or by
 * systemd: a fork without exec for each connection, counted per source, until nobody has been
 * connected for a while.
 */
#ifndef IO_SERVE_H
#define IO_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct serve {
	/* One session; in and out are the same for a socket. Its result is the process's exit
	 * status. */
	int (*session)(void *context, int in, int out);
	void *context;
	const char *refusal; /* told to a connection over the limits, with its line end; NULL: just
				close */
	/* For the log: a connection from this address is turned away, or, told later, so many more
	 * were. refusals.h says when, and why there is no call for each. NULL: nobody wants to
	 * know. */
	void (*turned_away)(void *context, const char *address, uint64_t more);
	/* For the log: a listener's child, which served a peer of this source (peer_source()), was
	 * ended by a signal. NULL: nobody wants to know. */
	void (*killed)(void *context, const char *source, pid_t pid, int signal);
	/*
	 * Asked by a listener when a connection is waiting, before it is accepted: false means that
	 * another process should serve it. The listener then ends at once, with EX_OK; sessions
	 * that are under way go on, and whoever passed the socket (systemd, inetd) starts a new
	 * listener for it. NULL: always true.
	 */
	bool (*may_go_on)(void *context);
	/*
	 * A listener forks for a connection only when its peer has said something. For services
	 * whose peers speak first and may never do so. Told to end (SIGTERM), the listener forks
	 * for all that have not spoken yet, so that none of them is lost.
	 */
	bool on_demand;
	uint64_t per_source;  /* 0: no limit */
	uint64_t connections; /* 0: no limit */
	uint64_t idle_seconds;
};

/* Serve until there is nothing left to serve. Returns an exit status (sysexits). */
int serve(const struct serve *serve);

#endif

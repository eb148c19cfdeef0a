/*
 * agent_maildrop - a logged-in user's end of the connection: OPEN to UPDATE. Runs as that
 * user.
 */
#ifndef AGENT_AGENT_MAILDROP_H
#define AGENT_AGENT_MAILDROP_H

struct spool_place;

struct agent_maildrop_limits {
	long long deadline_ms; /* clock_ms() at which it ends, whatever it does */
};

/* The work of an agent_child: serve the connection until it ends. context: struct
 * agent_maildrop_limits. */
void agent_maildrop_work(void *context, const struct spool_place *place, int connection, int pair);

#endif

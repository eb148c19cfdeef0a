/*
 * pop3_places - where messages lie, as far as the agent has told. A client that reads one after the
 * other has it asked once for many of them.
 *
 * Nothing that was told is believed for longer than the file is what it was then: its stamp is
 * compared before a message is sent (here) and after (pop3_retr.c).
 */
#ifndef POP3_PLACES_H
#define POP3_PLACES_H

#include "agent/agent_client.h"

#include <stdbool.h>

/* One message of a run. */
struct pop3_extent {
	int fd; /* the run's */
	struct agent_range range;
	enum agent_form form;
	struct agent_stamp stamp;
};

struct pop3_places {
	struct agent_run run; /* count 0: nothing is known, and there is no fd */
};

void pop3_places_init(struct pop3_places *places);
void pop3_places_done(struct pop3_places *places);

/* Where message number lies: from what is known, or the agent is asked. The extent is good until
 * the next call. 0, or agent_fetch()'s failure. */
int pop3_places_find(struct pop3_places *places, struct agent *agent, size_t number,
	struct pop3_extent *extent, struct why *why);

/* Has the file been written to since the agent knew that the message lies there? Asked behind the
 * last read: then what was read is the message. */
bool pop3_extent_is_touched(const struct pop3_extent *extent);

/* Same file, same place, same size? Both fds are open. */
bool pop3_extent_is_same(const struct pop3_extent *a, const struct pop3_extent *b);

#endif

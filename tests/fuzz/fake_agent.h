/*
 * fake_agent - the agent that a whole session talks to, in the same process: it takes the place of
 * the socket, so agent_client.c is the real one.
 *
 * It holds each request against the page that says what is legal (agent/agent_msg.h): a session
 * never sends anything else. Its verdicts are chance. It remembers what it was asked.
 */
#ifndef TESTS_FUZZ_FAKE_AGENT_H
#define TESTS_FUZZ_FAKE_AGENT_H

#include "agent/agent_msg.h"
#include "fuzz.h"

/* No request: somebody else has written to the mailbox, before the session looked at its state. */
#define FAKE_WRITTEN 0

/* A request, and what came of it. */
struct fake_call {
	enum agent_op op;
	size_t at; /* how much of its input the session had taken */
	int error; /* as in struct agent_reply */
	char sender[AGENT_ADDRESS_SIZE];
	char recipient[AGENT_ADDRESS_SIZE]; /* or the user */
	char password[AGENT_PASSWORD_SIZE];
	struct fuzz_text content; /* DELIVER: what was staged; UPDATE: the bitmap */
	bool moved;               /* FETCH: it will turn out that the file was written to */
};

/* Before each session. */
void fake_agent_begin(struct fuzz *dice);
void fake_agent_end(void);

/* What it was asked, in order. */
size_t fake_agent_count(void);
const struct fake_call *fake_agent_call(size_t n);

/* The maildrop that it opens: so many messages, and each as the client must get it, with CRLF line
 * ends, before dot-stuffing. */
size_t fake_agent_messages(void);
const struct fuzz_sink *fake_agent_message(size_t n);

#endif

/*
 * log - one line per event, for the programs (libraries never log).
 *
 * Where it goes is found out once, at log_open(): to the journal with fields when stderr is the
 * journal; to syslog(mail) when stderr is a socket (inetd, xinetd: stderr is the peer there!) or
 * closed; to stderr otherwise. A line is KEY=value pairs; values are quoted where needed and
 * whatever a peer sent is escaped, so one event can never look like two. Passwords and bodies never
 * come here.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <syslog.h>

#undef LOG_USER /* a facility of syslog's; here it is the field USER */

/* The contract with those who read the log: names as in the table in log.c, which are the
 * journal's. */
enum log_field {
	LOG_END = 0, /* ends the arguments of log_event() */
	LOG_SESSION_ID,
	LOG_REMOTE_ADDR,
	LOG_USER,
	LOG_QUEUE_ID,
	LOG_SENDER,
	LOG_RECIPIENT,
	LOG_SIZE,
	LOG_STATUS, /* RFC 3463 */
	LOG_TLS,
	LOG_DURATION_US,
	LOG_REASON, /* what a human should know */
	LOG_FIELDS, /* how many there are */
};

/*
 * program: the name in front of each line (static storage). Call before anything can fail or be
 * opened. Where one of fds 0, 1, 2 is closed it becomes /dev/null, so that neither the log's socket
 * nor any other file takes its place; an fd that is none of them, nor passed by systemd, is closed:
 * a session must not have what a careless parent has left open.
 */
void log_open(const char *program);

/* Set a field that every later line carries (SESSION_ID, REMOTE_ADDR, USER); NULL unsets it.
 * The value is copied, up to 255 octets. */
void log_context(enum log_field field, const char *value);

/*
 * Log an event: a word such as "connect" or "delivered", then pairs of enum log_field and
 * const char *, then LOG_END. A NULL or empty value leaves its field out. priority is syslog's.
 * A field that is given here wins over the same one in the context.
 */
void log_event(int priority, const char *event, ...);

#endif

/*
 * agent_msg - everything that a session can ask of the privileged side. This page is the complete
 * list.
 *
 * A SOCK_SEQPACKET socket carries one struct agent_request at a time, answered by one struct
 * agent_reply; file descriptors travel beside replies (SCM_RIGHTS) where the table says so, and
 * never beside requests. Both structs have one fixed size: another size is refused, and so are an
 * fd, a string without its NUL, an unknown op, and an op that does not belong in the connection's
 * state. The agent believes nothing else in them: names are checked again, and the text fields
 * `session` and `remote` only ever go to PAM, the log and the table of failed log-ins.
 *
 *   op       takes                          gives back                          legal
 *   LOOKUP   recipient                      why                                 N S
 *   STAGE    -                              fd: an unlinked file, read-write    N S
 *   DELIVER  sender, recipient, queue_id    why: the verdict on this recipient  N S, after STAGE
 *   LOGIN    user, password, service        why                                 N
 *   TICKET   service                        key: for TLS session tickets        N
 *   OPEN     -                              count, octets                       P, once
 *   LIST     -                              fd: sealed table of so many rows    P, after OPEN, once
 *   FETCH    number (from 1)                fd (read-only), form, stamp, range; P, after OPEN
 *                                           next: count of them
 *   MARK     marks, from number on          why                                 P, after OPEN
 *   UPDATE   number                         why; nothing but the end can        P, after OPEN, once
 *                                           follow
 *
 * N: nobody has logged in yet. S: somebody has, by a LOGIN whose service is "smtp"; the monitor
 * goes on serving the connection and remembers the user. P: somebody has, by a LOGIN whose service
 * is "pop3"; the connection belongs to a process that is this user, for ever. There is no third
 * service, and one successful LOGIN in a connection. What was staged before a LOGIN is forgotten.
 *
 * OPEN takes the session lock and tells how much mail there is; LIST makes the table, which not
 * every client wants to see. FETCH may tell where the next messages lie, too, in the same file:
 * that holds as long as fstat() of the fd gives the stamp, and no longer. Where it tells nothing of
 * them, what it tells of the one message is not to be kept either.
 *
 * MARK says which of some messages are to be removed, UPDATE removes them, and all others stay.
 *
 * DELIVER delivers what the latest STAGE's file holds and may be said once for each recipient of
 * the message; the reply comes when every octet is on disk, or the reason why not.
 */
#ifndef AGENT_AGENT_MSG_H
#define AGENT_AGENT_MSG_H

#include "base/why.h"

#include <stdint.h>

enum agent_op {
	AGENT_LOOKUP = 1,
	AGENT_STAGE,
	AGENT_DELIVER,
	AGENT_LOGIN,
	AGENT_OPEN,
	AGENT_FETCH,
	AGENT_UPDATE,
	AGENT_TICKET,
	AGENT_MARK,
	AGENT_LIST,
	AGENT_OPS, /* one more than the last */
};

#define AGENT_ADDRESS_SIZE  400 /* a path as text (mail/path.h), with its NUL */
#define AGENT_PASSWORD_SIZE 256
#define AGENT_TICKET_SIZE   64 /* octets of a key for TLS session tickets */
#define AGENT_ID_SIZE       24 /* session and queue ids */
#define AGENT_REMOTE_SIZE   64 /* a numeric address, or "local" */
#define AGENT_SERVICE_SIZE  16
#define AGENT_MARKS_SIZE    256 /* octets: marks of eight times as many messages */
#define AGENT_NEXT_MAX      64  /* messages behind the one that was asked for */
#define AGENT_UIDL_SIZE     72  /* RFC 1939 section 7: 1 to 70 characters, 0x21 to 0x7E; NUL */

struct agent_request {
	uint32_t op;
	uint32_t number;                    /* FETCH: which message; MARK: the first of these, one
					       more than a multiple of 8; UPDATE: how many there are */
	char session[AGENT_ID_SIZE];        /* all: the session's id, for the log */
	char remote[AGENT_REMOTE_SIZE];     /* all: the peer's address, for the log and PAM_RHOST;
					       both count only where the channel has no name
					       (agent_name.h) */
	char service[AGENT_SERVICE_SIZE];   /* LOGIN: "pop3" or "smtp"; TICKET: the name's, lower
					       case and digits */
	char queue_id[AGENT_ID_SIZE];       /* DELIVER: for the log */
	char sender[AGENT_ADDRESS_SIZE];    /* DELIVER: the reverse-path without <>; may be empty */
	char recipient[AGENT_ADDRESS_SIZE]; /* LOOKUP, DELIVER: local-part@domain; LOGIN: the user
					     */
	char password[AGENT_PASSWORD_SIZE]; /* LOGIN */
	unsigned char marks[AGENT_MARKS_SIZE]; /* MARK: message number + n is to go if
						  marks[n / 8] & 1 << n % 8; 0 behind the last */
};

/* The file as it was when the message was known to lie there: what fstat() tells of the fd is the
 * same as long as nobody has written to it. */
struct agent_stamp {
	uint64_t inode;
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
};

/* Where a message lies in the file: octets as sent, of the message as it is now; without the From_
 * line and the empty line behind. */
struct agent_range {
	uint64_t offset;
	uint64_t length;
	uint64_t octets;
};

struct agent_reply {
	uint32_t op;              /* the request's */
	uint32_t count;           /* OPEN: messages in the maildrop; FETCH: how many of `next` */
	uint64_t octets;          /* OPEN: of all messages, as sent (RFC 1939 section 5, STAT) */
	struct agent_range range; /* FETCH */
	int32_t error;            /* 0, or a negative errno value: then `why` says more */
	uint32_t form;            /* FETCH: enum agent_form */
	struct agent_stamp stamp; /* FETCH */
	struct agent_range next[AGENT_NEXT_MAX]; /* FETCH: number + 1 and so on */
	unsigned char key[AGENT_TICKET_SIZE];    /* TICKET; -ENOENT: there is none */
	struct why why;
};

/* How the octets that FETCH points at are to be read. */
enum agent_form {
	AGENT_FORM_PLAIN = 0, /* as they are, LF or CRLF */
	AGENT_FORM_MBOXRD,    /* as mail/mboxrd.h says: ">From " loses one ">" */
};

/* One row of LIST's table: a file of OPEN's `count` of these, sealed against writing and resizing.
 */
struct agent_entry {
	uint64_t octets; /* as sent: CRLF line ends, before dot-stuffing (RFC 1939 section 11) */
	char uidl[AGENT_UIDL_SIZE];
};

#endif

/*
 * sasl - the server's side of a SASL exchange (RFC 4422) with the mechanisms that a password check
 * can serve: PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login). SMTP's AUTH (RFC 4954) and
 * POP3's (RFC 5034) both put it on the wire as base64 in lines; this module takes those lines as
 * bytes and says what to answer. It checks no password.
 */
#ifndef MAIL_SASL_H
#define MAIL_SASL_H

#include <stdbool.h>
#include <stddef.h>

#define SASL_LINE_MAX                                                                              \
	12288 /* octets of a line of the exchange with its CRLF (RFC 4954 section 4) */
#define SASL_NAME_SIZE     400 /* a name with its NUL; agent_msg.h has the same bound */
#define SASL_PASSWORD_SIZE 256

enum sasl_mechanism { SASL_PLAIN = 1 << 0, SASL_LOGIN = 1 << 1 };

enum sasl_step {
	SASL_DONE,      /* user and password are there: ask whether they are right */
	SASL_CHALLENGE, /* send `challenge` (base64, may be empty), read a line, sasl_continue() */
	SASL_UNKNOWN,   /* no such mechanism here: SMTP 504 5.5.4 */
	SASL_CANCELLED, /* the client said "*": SMTP 501 5.7.0 */
	SASL_MALFORMED, /* not base64, or not what the mechanism wants: SMTP 501 5.5.2 */
	SASL_REFUSED,   /* well-formed, but can't be right (too long, wishes to act for another):
			   answer as for a wrong password, after as long */
};

struct sasl {
	enum sasl_mechanism mechanism;
	const char *challenge;     /* static storage */
	char user[SASL_NAME_SIZE]; /* also of an attempt that was refused, if it could be a name */
	char password[SASL_PASSWORD_SIZE];
};

/*
 * Begin with AUTH's argument: mechanism (any case), and maybe a space and an initial response, "="
 * for an empty one (RFC 4954 section 4, RFC 5034 section 4). mechanisms: a set of enum
 * sasl_mechanism that the protocol offers.
 */
enum sasl_step sasl_begin(struct sasl *sasl, unsigned mechanisms, const char *argument, size_t len);

/* Go on with the client's line, without its line end. */
enum sasl_step sasl_continue(struct sasl *sasl, const char *line, size_t len);

/* Forget all of it. Whatever the step was, this ends an exchange. */
void sasl_done(struct sasl *sasl);

#endif

/*
 * smtp_verbs - the verb tables: what SMTP, submission and LMTP understand, when, and what EHLO says
 * of it.
 */
#include "smtp_session.h"

#define ANY        (SMTP_START | SMTP_READY | SMTP_SENDER | SMTP_RECIPIENTS)
#define IN_MESSAGE (SMTP_SENDER | SMTP_RECIPIENTS)

const char *const smtp_state_names[] = {"start", "ready", "sender", "recipients", NULL};

/*
 * EHLO's keywords for what is no verb of its own are rows of the verb that they concern: SIZE and
 * 8BITMIME are parameters of MAIL (RFC 1870, RFC 6152). BDAT is not offered, by choice: CHUNKING
 * has a record of desync bugs.
 *
 * login: what verbs that are only for users need (RFC 6409 section 4.3, RFC 4954 section 6: all but
 * AUTH, EHLO, HELO, NOOP, RSET and QUIT may ask for it).
 */
#define COMMON_VERBS(login)                                                                        \
	{"STARTTLS", smtp_starttls, SMTP_START | SMTP_READY,                                       \
		VERB_NO_ARGUMENT | VERB_ENDS_GROUP | VERB_JUNK | VERB_NEEDS_TLS |                  \
			VERB_NEEDS_CLEAR | VERB_NEEDS_NOBODY,                                      \
		"STARTTLS", "STARTTLS"},                                                           \
		{"AUTH", smtp_auth, SMTP_READY,                                                    \
			VERB_NEEDS_ARGUMENT | VERB_ENDS_GROUP | VERB_JUNK | VERB_NEEDS_PRIVACY |   \
				VERB_NEEDS_NOBODY,                                                 \
			"AUTH PLAIN LOGIN", "AUTH mechanism [initial-response]"},                  \
		{"MAIL", smtp_mail, SMTP_READY, VERB_NEEDS_ARGUMENT | (login), "SIZE\n8BITMIME",   \
			"MAIL FROM:<reverse-path> [SIZE=n] [BODY=7BIT|8BITMIME] [AUTH=mailbox]"},  \
		{"RCPT", smtp_rcpt, IN_MESSAGE, VERB_NEEDS_ARGUMENT | (login), NULL,               \
			"RCPT TO:<forward-path>"},                                                 \
		{"DATA", smtp_data, SMTP_RECIPIENTS, VERB_NO_ARGUMENT | VERB_ENDS_GROUP | (login), \
			NULL, "DATA"},                                                             \
		{"RSET", smtp_rset, ANY, VERB_NO_ARGUMENT | VERB_JUNK, NULL, "RSET"},              \
		{"NOOP", smtp_noop, ANY, VERB_JUNK, NULL, "NOOP [string]"},                        \
		{"VRFY", smtp_vrfy, ANY, VERB_NEEDS_ARGUMENT | VERB_JUNK | (login), NULL,          \
			"VRFY string"},                                                            \
		{"EXPN", smtp_expn, ANY, VERB_JUNK | (login), NULL, "EXPN string"},                \
		{"HELP", smtp_help, ANY, VERB_JUNK, NULL, "HELP [verb]"},                          \
		{"QUIT", smtp_quit, ANY, VERB_NO_ARGUMENT | VERB_ENDS_GROUP, NULL, "QUIT"},        \
	{                                                                                          \
		0                                                                                  \
	}

#define HELLO_FLAGS (VERB_NEEDS_ARGUMENT | VERB_ENDS_GROUP | VERB_JUNK)
#define EXTENSIONS  "PIPELINING\nENHANCEDSTATUSCODES\nHELP"

const struct verb smtp_verbs[] = {
	{"EHLO", smtp_ehlo, ANY, HELLO_FLAGS, EXTENSIONS, "EHLO domain"},
	{"HELO", smtp_helo, ANY, VERB_NEEDS_ARGUMENT | VERB_JUNK, NULL, "HELO domain"},
	COMMON_VERBS(0),
};

const struct verb submission_verbs[] = {
	{"EHLO", smtp_ehlo, ANY, HELLO_FLAGS, EXTENSIONS, "EHLO domain"},
	{"HELO", smtp_helo, ANY, VERB_NEEDS_ARGUMENT | VERB_JUNK, NULL, "HELO domain"},
	COMMON_VERBS(VERB_NEEDS_LOGIN),
};

/* RFC 2033 4.1: LHLO instead of HELO and EHLO, which must not be answered with success. */
const struct verb lmtp_verbs[] = {
	{"LHLO", smtp_ehlo, ANY, HELLO_FLAGS, EXTENSIONS, "LHLO domain"},
	COMMON_VERBS(0),
};

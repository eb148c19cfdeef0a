/*
 * pop3_verbs - every verb that a session knows. Dispatch, refusals, CAPA, --dump-verbs and the test
 * matrix come from here. RFC 1939 sections 4 to 7 but APOP, which needs passwords in clear on the
 * server's disk; RFC 2449 section 5 (CAPA), RFC 2595 section 4 (STLS), RFC 5034 (AUTH).
 */
#include "pop3_session.h"

#define ANY_STATE  (POP3_AUTHORIZATION | POP3_NAMED | POP3_TRANSACTION)
#define LOGGING_IN (POP3_AUTHORIZATION | POP3_NAMED)

const char *const pop3_state_names[] = {"authorization", "named", "transaction", NULL};

/* VERB_ENDS_GROUP: earlier replies must be on their way before this is done. */
const struct verb pop3_verbs[] = {
	{"CAPA", pop3_capa, ANY_STATE, VERB_NO_ARGUMENT, NULL, "CAPA"},
	{"STLS", pop3_stls, LOGGING_IN,
		VERB_NO_ARGUMENT | VERB_ENDS_GROUP | VERB_NEEDS_TLS | VERB_NEEDS_CLEAR |
			VERB_NEEDS_NOBODY,
		"STLS", "STLS"},
	{"AUTH", pop3_auth, LOGGING_IN, VERB_NEEDS_ARGUMENT | VERB_NEEDS_PRIVACY, "SASL PLAIN",
		"AUTH mechanism [initial-response]"},
	{"USER", pop3_user, LOGGING_IN, VERB_NEEDS_ARGUMENT | VERB_NEEDS_PRIVACY, "USER",
		"USER name"},
	{"PASS", pop3_pass, POP3_NAMED, VERB_NEEDS_ARGUMENT | VERB_NEEDS_PRIVACY, NULL,
		"PASS password"},
	{"STAT", pop3_stat, POP3_TRANSACTION, VERB_NO_ARGUMENT, NULL, "STAT"},
	{"LIST", pop3_list, POP3_TRANSACTION, 0, NULL, "LIST [message]"},
	{"UIDL", pop3_uidl, POP3_TRANSACTION, 0, "UIDL", "UIDL [message]"},
	{"RETR", pop3_retr, POP3_TRANSACTION, VERB_NEEDS_ARGUMENT, NULL, "RETR message"},
	{"TOP", pop3_top, POP3_TRANSACTION, VERB_NEEDS_ARGUMENT, "TOP", "TOP message lines"},
	{"DELE", pop3_dele, POP3_TRANSACTION, VERB_NEEDS_ARGUMENT, NULL, "DELE message"},
	{"RSET", pop3_rset, POP3_TRANSACTION, VERB_NO_ARGUMENT, NULL, "RSET"},
	{"NOOP", pop3_noop, POP3_TRANSACTION, VERB_NO_ARGUMENT, NULL, "NOOP"},
	{"QUIT", pop3_quit, ANY_STATE, VERB_NO_ARGUMENT | VERB_ENDS_GROUP, NULL, "QUIT"},
	{0},
};

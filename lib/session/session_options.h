/*
 * session_options - the command line of a session's program.
 */
#ifndef SESSION_SESSION_OPTIONS_H
#define SESSION_SESSION_OPTIONS_H

#include "session/session_main.h"

enum session_action {
	SESSION_SERVE,
	SESSION_CHECK, /* --check */
	SESSION_DUMP_VERBS,
	SESSION_HELP,
	SESSION_VERSION,
	SESSION_MISTAKE, /* the reason is in session_options.mistake */
};

struct session_options {
	enum session_action action;
	const char *config_path; /* NULL: --config was not given */
	unsigned flags;
	const struct session_service *service; /* the one that the flags mean */
	const char *mistake;
};

void session_options_read(struct session_options *options, const struct session_program *program,
	int argc, char **argv);

#endif

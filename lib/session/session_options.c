/* session_options - see session_options.h. Prints nothing: under inetd nobody would see it. */
#include "session/session_options.h"

#include <getopt.h>
#include <string.h>

enum { OPTION_CONFIG = 1, OPTION_TLS, OPTION_ACTION, OPTION_OWN = 32 };

#define OWN_MAX 8

static const struct option common[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"tls", no_argument, NULL, OPTION_TLS},
	{"check", no_argument, NULL, OPTION_ACTION + SESSION_CHECK},
	{"dump-verbs", no_argument, NULL, OPTION_ACTION + SESSION_DUMP_VERBS},
	{"help", no_argument, NULL, OPTION_ACTION + SESSION_HELP},
	{"version", no_argument, NULL, OPTION_ACTION + SESSION_VERSION},
};
#define COMMON (sizeof(common) / sizeof(common[0]))

/* All options that the program has, ended by a row of zeroes. */
static void list(
	const struct session_program *program, struct option out[static COMMON + OWN_MAX + 1])
{
	size_t count = COMMON;

	memcpy(out, common, sizeof(common));
	for (int i = 0; i < OWN_MAX && program->flags[i].name; i++)
		out[count++] = (struct option){.name = program->flags[i].name,
			.has_arg = no_argument,
			.val = OPTION_OWN + i};
	out[count] = (struct option){0};
}

static void take(struct session_options *options, const struct session_program *program, int option)
{
	if (option == OPTION_CONFIG)
		options->config_path = optarg;
	else if (option == OPTION_TLS)
		options->flags |= SESSION_TLS;
	else if (option >= OPTION_OWN && option < OPTION_OWN + OWN_MAX)
		options->flags |= program->flags[option - OPTION_OWN].bit;
	else if (option > OPTION_ACTION && option < OPTION_OWN)
		options->action = (enum session_action)(option - OPTION_ACTION);
	else
		options->mistake = "unknown option, or one without its value; see --help";
}

void session_options_read(struct session_options *options, const struct session_program *program,
	int argc, char **argv)
{
	struct option all[COMMON + OWN_MAX + 1];
	int option;

	*options = (struct session_options){.service = program->services};
	list(program, all);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", all, NULL)) != -1)
		take(options, program, option);
	if (optind < argc)
		options->mistake = "there are no arguments but options; see --help";
	while (options->service->name && options->service->flags != options->flags)
		options->service++;
	if (!options->service->name && !options->mistake)
		options->mistake = "these options exclude each other; see --help";
	if (options->mistake)
		options->action = SESSION_MISTAKE;
}

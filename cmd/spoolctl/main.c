/*
 * spoolctl - look into mailboxes from the command line: list, show, measure, check and convert
 * them.
 *
 * For administrators and for people with a mailbox of their own. Each mailbox is looked at by a
 * process of its own, which is its owner's for good.
 */
#include "base/fd.h"
#include "base/num.h"
#include "spoolctl.h"

#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] =
	"usage: spoolctl [OPTION]... COMMAND [MAILBOX]...\n"
	"       spoolctl --help | --version\n"
	"\n"
	"MAILBOX is a user's name, or a location such as mbox:/var/mail/alice; without\n"
	"it, one's own.\n"
	"\n";

static const char options_help[] =
	"\n"
	"  --config FILE  read FILE instead of " CONF_FILE "\n"
	"  --json         one line of JSON for each mailbox\n"
	"  --header       show: no more than the header\n"
	"  --repair       check: mend what is damaged\n"
	"  --from WHERE   convert: the old mailboxes, %u for the user's name\n"
	"  --to WHERE     convert: the new ones; without it as configured\n"
	"  --merge        convert: also into one with mail of its own\n";

enum flag {
	FLAG_CONFIG,
	FLAG_JSON,
	FLAG_HEADER,
	FLAG_REPAIR,
	FLAG_FROM,
	FLAG_TO,
	FLAG_MERGE,
	FLAG_HELP,
	FLAG_VERSION,
};

static const struct option options[] = {
	{"config", required_argument, NULL, FLAG_CONFIG},
	{"json", no_argument, NULL, FLAG_JSON},
	{"header", no_argument, NULL, FLAG_HEADER},
	{"repair", no_argument, NULL, FLAG_REPAIR},
	{"from", required_argument, NULL, FLAG_FROM},
	{"to", required_argument, NULL, FLAG_TO},
	{"merge", no_argument, NULL, FLAG_MERGE},
	{"help", no_argument, NULL, FLAG_HELP},
	{"version", no_argument, NULL, FLAG_VERSION},
	{0},
};

static int end_output(int status)
{
	if (fflush(stdout) != 0 && status == EX_OK)
		return spoolctl_refuse(EX_IOERR, NULL, "can't write");
	return status;
}

static int help(void)
{
	fputs(usage, stdout);
	for (const struct spoolctl_verb *verb = spoolctl_verbs; verb->name; verb++)
		printf("  %-20s %s\n", verb->usage, verb->help);
	fputs(options_help, stdout);
	return end_output(EX_OK);
}

static int version(void)
{
	fputs("spoolctl (Pillarbox) " PILLARBOX_VERSION "\n", stdout);
	return end_output(EX_OK);
}

static const struct spoolctl_verb *find_verb(const char *name)
{
	const struct spoolctl_verb *verb = spoolctl_verbs;

	while (verb->name && strcmp(verb->name, name) != 0)
		verb++;
	return verb->name ? verb : NULL;
}

/* What is to be done with each mailbox. */
struct task {
	const struct spoolctl *ctl;
	const struct spoolctl_verb *verb;
	size_t number;
};

static int run(void *context, const char *name)
{
	const struct task *task = context;
	struct spoolctl_mailbox mailbox = {0};
	int status = spoolctl_mailbox_find(&mailbox, task->ctl, task->verb, name);

	if (status == EX_OK)
		status = spoolctl_mailbox_enter(&mailbox, task->ctl, task->verb);
	if (status == EX_OK)
		status = task->verb->run(task->ctl, &mailbox, task->number);
	return end_output(status);
}

static int run_all(struct task *task, char **names)
{
	int worst = EX_OK;

	if (!names[0])
		return run(task, NULL);
	if (!names[1])
		return run(task, names[0]);
	for (; *names; names++) {
		int status = spoolctl_apart(run, task, *names);

		worst = worst == EX_OK ? status : worst;
	}
	return worst;
}

static int take_number(struct task *task, char **args, int count)
{
	uint64_t number;

	if (count < 1 || count > 2 ||
		num_parse(args[count - 1], strlen(args[count - 1]), UINT32_MAX, &number) < 0 ||
		number == 0)
		return spoolctl_refuse(EX_USAGE, task->verb->usage, "see --help");
	task->number = (size_t)number;
	args[count - 1] = NULL;
	return EX_OK;
}

/* An option that would do nothing is a mistake, and what was meant by it would not be done. */
static int check_options(const struct spoolctl *ctl, const struct spoolctl_verb *verb)
{
	const struct {
		const char *name;
		bool is_given;
		unsigned for_flags;
	} rows[] = {
		{"--header", ctl->header, SPOOLCTL_NUMBER},
		{"--repair", ctl->repair, SPOOLCTL_REPAIRS},
		{"--from", ctl->from, SPOOLCTL_CONVERTS},
		{"--to", ctl->to, SPOOLCTL_CONVERTS},
		{"--merge", ctl->merge, SPOOLCTL_CONVERTS},
	};
	char text[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].is_given || verb->flags & rows[i].for_flags)
			continue;
		snprintf(text, sizeof(text), "has no option %s; see --help", rows[i].name);
		return spoolctl_refuse(EX_USAGE, verb->name, text);
	}
	return EX_OK;
}

static int dispatch(struct spoolctl *ctl, char **args, int count)
{
	struct task task = {.ctl = ctl};
	int status = EX_OK;

	if (count == 0)
		return spoolctl_refuse(EX_USAGE, NULL, "which command? See --help");
	task.verb = find_verb(args[0]);
	if (!task.verb)
		return spoolctl_refuse(EX_USAGE, args[0], "no such command; see --help");
	status = check_options(ctl, task.verb);
	if (status == EX_OK && task.verb->flags & SPOOLCTL_NUMBER)
		status = take_number(&task, args + 1, count - 1);
	if (status == EX_OK)
		status = run_all(&task, args + 1);
	if (task.verb->flags & SPOOLCTL_CONVERTS && !ctl->json)
		spoolctl_convert_next(ctl, args + 1, status);
	return end_output(status);
}

/* Whoever started us may have closed them. A mailbox that is opened then would get the number, and
 * all that is printed. Standard output stays one that can't be written to: that is told. */
static bool hold_standard(void)
{
	bool is_closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	int fd;

	fd_fill_standard();
	fd = is_closed ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	if (fd > STDERR_FILENO)
		(void)dup2(fd, STDOUT_FILENO);
	fd_close(&fd);
	return fcntl(STDERR_FILENO, F_GETFD) >= 0; /* the last one that is filled */
}

int main(int argc, char **argv)
{
	struct spoolctl ctl = {0};
	struct why why = {0};
	int option;
	int status;

	if (!hold_standard())
		return EX_OSERR;
	signal(SIGCHLD, SIG_DFL); /* ignored, it leaves no status to wait for */
	signal(SIGXFSZ, SIG_IGN); /* a write fails, which is told and taken back */
	setlocale(LC_CTYPE, "");
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case FLAG_CONFIG:
			ctl.config = optarg;
			break;
		case FLAG_JSON:
			ctl.json = true;
			break;
		case FLAG_HEADER:
			ctl.header = true;
			break;
		case FLAG_REPAIR:
			ctl.repair = true;
			break;
		case FLAG_FROM:
			ctl.from = optarg;
			break;
		case FLAG_TO:
			ctl.to = optarg;
			break;
		case FLAG_MERGE:
			ctl.merge = true;
			break;
		case FLAG_HELP:
			return help();
		case FLAG_VERSION:
			return version();
		default:
			return spoolctl_refuse(EX_USAGE,
				*argv[optind - 1] == '-' ? argv[optind - 1] : NULL,
				"unknown option, or one without its value; see --help");
		}
	}
	if (conf_load(&ctl.conf, ctl.config, &why) < 0)
		return spoolctl_refuse(EX_CONFIG, NULL, why.text);
	status = dispatch(&ctl, argv + optind, argc - optind);
	conf_done(&ctl.conf);
	return status;
}

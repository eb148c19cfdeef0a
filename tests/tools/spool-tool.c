/*
 * spool-tool - libspool's public interface on the command line, for the tests.
 *
 *	spool-tool LOCATION STATE deliver SENDER RCPT < message
 *	spool-tool LOCATION STATE list		number, octets, UIDL
 *	spool-tool LOCATION STATE cat N		the message as it came
 *	spool-tool LOCATION STATE dump		number, octets, UIDL, length and text of all
 *	spool-tool LOCATION STATE remove N...
 *	spool-tool LOCATION STATE repair	damages, how many are mended, the file beside
 *	spool-tool LOCATION STATE convert FROM	the mailbox at FROM becomes this one
 *
 * Numbers are from 1. Failure: the why on stderr, exit status 1; 2 for wrong use. The mailbox's
 * owner is the caller. $SPOOL_TOOL_WAIT: seconds to wait for locks (default 30); $SPOOL_TOOL_WHEN:
 * the From_ line's time; $SPOOL_TOOL_CACHE: folder for indexes (default none); $SPOOL_TOOL_UIDL: a
 * value of enum spool_uidl.
 */
#include "base/fd.h"
#include "base/num.h"
#include "spool/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const struct why *why)
{
	fprintf(stderr, "spool-tool: class %u, %s, %s\n", why->class, why->status, why->text);
	return 1;
}

static int usage(void)
{
	fputs("usage: spool-tool LOCATION STATE deliver SENDER RCPT | list | cat N | dump | remove "
	      "N... | repair | convert FROM\n",
		stderr);
	return 2;
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t value = otherwise;

	if (text)
		num_parse(text, strlen(text), INT32_MAX, &value);
	return value;
}

/* Standard input, or a file with all of it if it is a pipe: libspool reads a message more than
 * once. */
static int message_fd(void)
{
	char text[65536];
	FILE *file;
	ssize_t len;

	if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0)
		return STDIN_FILENO;
	file = tmpfile();
	if (!file)
		return -errno;
	while ((len = read(STDIN_FILENO, text, sizeof(text))) > 0) {
		if (fd_write(fileno(file), text, (size_t)len) < 0)
			return -EIO;
	}
	return fileno(file);
}

static int deliver(const struct spool_place *place, char **args)
{
	struct spool_envelope envelope = {
		.sender = args[0],
		.recipient = args[1],
		.when = (time_t)setting("SPOOL_TOOL_WHEN", (uint64_t)time(NULL)),
	};
	struct why why = {0};

	return spool_deliver(place, &envelope, message_fd(), &why) ? fail(&why) : 0;
}

static int list(struct spool *spool)
{
	for (size_t n = 0; n < spool_count(spool); n++) {
		const struct spool_message *message = spool_message(spool, n);

		printf("%zu %llu %s\n", n + 1, (unsigned long long)message->octets, message->uidl);
	}
	return 0;
}

/* Message number from 1, as text; the number from 0, or SIZE_MAX. */
static size_t parse_number(const struct spool *spool, const char *text)
{
	uint64_t n;

	if (num_parse(text, strlen(text), spool_count(spool), &n) < 0 || n == 0)
		return SIZE_MAX;
	return (size_t)n - 1;
}

static int put(void *context, const char *octets, size_t len)
{
	(void)context;
	return fd_write(STDOUT_FILENO, octets, len);
}

static int cat(struct spool *spool, const char *number)
{
	size_t n = parse_number(spool, number);
	struct why why = {0};

	if (n == SIZE_MAX)
		return usage();
	return spool_read(spool, n, put, NULL, &why) ? fail(&why) : 0;
}

static int gather(void *context, const char *octets, size_t len)
{
	return fwrite(octets, 1, len, context) == len ? 0 : -ENOMEM;
}

static int dump_message(struct spool *spool, size_t n, struct why *why)
{
	const struct spool_message *message = spool_message(spool, n);
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	int err = memory ? spool_read(spool, n, gather, memory, why) : -ENOMEM;

	if (memory)
		fclose(memory);
	if (!err) {
		printf("%zu %llu %s %zu\n", n + 1, (unsigned long long)message->octets,
			message->uidl, len);
		fwrite(text, 1, len, stdout);
	}
	free(text);
	return err;
}

static int dump(struct spool *spool)
{
	struct why why = {0};

	for (size_t n = 0; n < spool_count(spool); n++) {
		if (dump_message(spool, n, &why))
			return fail(&why);
	}
	return 0;
}

static int remove_messages(struct spool *spool, char **numbers)
{
	unsigned char *bitmap = calloc(spool_count(spool) / 8 + 1, 1);
	struct why why = {0};
	int err = bitmap ? 0 : -ENOMEM;

	for (; !err && *numbers; numbers++) {
		size_t n = parse_number(spool, *numbers);

		if (n == SIZE_MAX)
			err = -EINVAL;
		else
			bitmap[n / 8] |= (unsigned char)(1u << n % 8);
	}
	if (err) {
		free(bitmap);
		return usage();
	}
	err = spool_update(spool, bitmap, &why);
	free(bitmap);
	return err ? fail(&why) : 0;
}

static void note(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "note: %s\n", text);
}

static void beside(void *context, const char *path)
{
	(void)context;
	printf("beside %s\n", path);
}

static int repair(const struct spool_place *place)
{
	struct spool_inspector inspector = {.beside = beside};
	struct spool_report report;
	struct why why = {0};

	if (spool_repair(place, &inspector, &report, &why))
		return fail(&why);
	printf("%llu damages, %llu mended\n", (unsigned long long)report.damages,
		(unsigned long long)report.mended);
	return 0;
}

static int with_spool(const struct spool_place *place, const char *verb, char **args)
{
	struct spool *spool;
	struct why why = {0};
	int rc;

	if (spool_open(&spool, place, &why))
		return fail(&why);
	if (strcmp(verb, "list") == 0)
		rc = list(spool);
	else if (strcmp(verb, "cat") == 0 && args[0])
		rc = cat(spool, args[0]);
	else if (strcmp(verb, "dump") == 0)
		rc = dump(spool);
	else if (strcmp(verb, "remove") == 0)
		rc = remove_messages(spool, args);
	else
		rc = usage();
	spool_close(&spool);
	return rc;
}

static int convert(const struct spool_place *place, const char *source)
{
	struct spool_place from = *place;
	struct spool_conversion done;
	struct why why = {0};

	from.location = source;
	if (spool_convert(&from, place, NULL, &done, &why))
		return fail(&why);
	printf("%llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)done.messages,
		(unsigned long long)done.octets, (unsigned long long)done.converted,
		(unsigned long long)done.removed, (unsigned long long)done.changed,
		(unsigned long long)done.renamed, (unsigned long long)done.arrived);
	return 0;
}

int main(int argc, char **argv)
{
	struct spool_place place = {0};

	if (argc < 4)
		return usage();
	place.location = argv[1];
	place.state = argv[2];
	place.cache = getenv("SPOOL_TOOL_CACHE");
	place.owner = geteuid();
	place.lock_seconds = (unsigned)setting("SPOOL_TOOL_WAIT", 30);
	place.uidl = (enum spool_uidl)setting("SPOOL_TOOL_UIDL", SPOOL_UIDL_HASH);
	place.note = note;
	if (strcmp(argv[3], "repair") == 0)
		return repair(&place);
	if (strcmp(argv[3], "convert") == 0)
		return argc == 5 ? convert(&place, argv[4]) : usage();
	if (strcmp(argv[3], "deliver") != 0)
		return with_spool(&place, argv[3], argv + 4);
	return argc == 6 ? deliver(&place, argv + 4) : usage();
}

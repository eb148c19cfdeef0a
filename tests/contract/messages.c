/* messages - of the contract: what tests put into a mailbox and take out of it. */
#include "contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SENDER    "sender@example.net"
#define RECIPIENT "rcpt@example.org"
#define TRACE     "Return-Path: <" SENDER ">\nDelivered-To: " RECIPIENT "\n"

struct text as_delivered(struct text message)
{
	size_t trace = strlen(TRACE);
	bool open = message.len > 0 && message.at[message.len - 1] != '\n';
	struct text text = text_new(trace + message.len + open);

	memcpy(text.at, TRACE, trace);
	memcpy(text.at + trace, message.at, message.len);
	if (open)
		text.at[text.len - 1] = '\n';
	return text;
}

uint64_t wire_octets(struct text text)
{
	uint64_t octets = text.len;

	for (size_t i = 0; i < text.len; i++)
		octets += text.at[i] == '\n' && (i == 0 || text.at[i - 1] != '\r');
	return octets + (text.len > 0 && text.at[text.len - 1] != '\n' ? 2 : 0);
}

void assert_text(struct text got, struct text wanted)
{
	if (got.len == wanted.len && (got.len == 0 || memcmp(got.at, wanted.at, got.len) == 0))
		return;
	fail_msg("got %zu octets, wanted %zu: \"%.200s\" in place of \"%.200s\"", got.len,
		wanted.len, got.at, wanted.at);
}

int file_of(struct text text)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	for (size_t done = 0; fd >= 0 && done < text.len;) {
		ssize_t len = write(fd, text.at + done, text.len - done);

		if (len <= 0)
			abort();
		done += (size_t)len;
	}
	return fd;
}

int try_deliver(struct text message)
{
	struct spool_envelope envelope = {
		.sender = SENDER, .recipient = RECIPIENT, .when = 1000000000};
	int fd = file_of(message);
	int err = spool_deliver(&place, &envelope, fd, &why);

	close(fd);
	return err;
}

void deliver(struct text message)
{
	int err = try_deliver(message);

	if (err)
		fail_msg("delivery failed: %d, %s", err, why.text);
}

struct text numbered(unsigned n)
{
	return text_of("Subject: %u\n\nbody of %u\nend\n", n, n);
}

void deliver_numbered(unsigned first, unsigned count)
{
	for (unsigned n = first; n < first + count; n++)
		deliver(numbered(n));
}

struct spool *must_open(void)
{
	struct spool *spool;
	int err = spool_open(&spool, &place, &why);

	if (err)
		fail_msg("can't open: %d, %s", err, why.text);
	return spool;
}

struct reading {
	char *at;
	size_t len;
	size_t room;
};

static int take(void *context, const char *octets, size_t len)
{
	struct reading *reading = context;

	if (reading->len + len > reading->room) {
		reading->room = 2 * (reading->len + len);
		reading->at = realloc(reading->at, reading->room);
	}
	if (!reading->at || len > 16384)
		abort();
	memcpy(reading->at + reading->len, octets, len);
	reading->len += len;
	return 0;
}

struct text must_read(struct spool *spool, size_t n)
{
	struct reading reading = {0};
	int err = spool_read(spool, n, take, &reading, &why);
	struct text text = text_new(reading.len);

	if (reading.len > 0)
		memcpy(text.at, reading.at, reading.len);
	free(reading.at);
	if (err)
		fail_msg("can't read message %zu: %d, %s", n, err, why.text);
	return text;
}

size_t count_now(void)
{
	struct spool *spool = must_open();
	size_t count = spool_count(spool);

	spool_close(&spool);
	return count;
}

unsigned number_of(struct spool *spool, size_t n)
{
	struct text text = must_read(spool, n);
	const char *subject = strstr(text.at, "\nSubject: ");
	unsigned number;

	assert_non_null(subject);
	number = (unsigned)strtoul(subject + strlen("\nSubject: "), NULL, 10);
	assert_text(text, as_delivered(numbered(number)));
	return number;
}

void assert_numbers(const unsigned *numbers, size_t count)
{
	struct spool *spool = must_open();

	assert_int_equal(spool_count(spool), count);
	for (size_t n = 0; n < count; n++)
		assert_int_equal(number_of(spool, n), numbers[n]);
	spool_close(&spool);
}

int try_remove(struct spool *spool, const int *numbers)
{
	unsigned char *bitmap = calloc(spool_count(spool) / 8 + 1, 1);
	int err;

	if (!bitmap)
		abort();
	for (; *numbers >= 0; numbers++)
		bitmap[*numbers / 8] |= (unsigned char)(1u << *numbers % 8);
	err = spool_update(spool, bitmap, &why);
	free(bitmap);
	return err;
}

pid_t start(int (*work)(unsigned), unsigned argument)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(work(argument) ? 1 : 0);
	assert_true(pid > 0);
	return pid;
}

void finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

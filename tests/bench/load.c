/*
 * load - the other end of a measurement.
 *
 * usage: load start COUNT PROGRAM [ARGUMENT...]
 *
 * Starts PROGRAM on a socket COUNT times, reads its first line, says QUIT, waits for its end.
 * Prints the median microseconds from exec to that line, and the mean CPU microseconds of the whole
 * (children that it has waited for are counted in).
 *
 * usage: load smtp|lmtp PORT CONNECTIONS MESSAGES PER-CONNECTION SIZE USER...
 *
 * Brings MESSAGES messages to 127.0.0.1:PORT over CONNECTIONS connections at a time, each of which
 * sends PER-CONNECTION messages and is opened again; message number n goes to USER number n modulo
 * their count. Prints messages per second that were acknowledged.
 */
#include "timing.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double start_once(char **program)
{
	double begun = seconds();
	double took;
	char line[512];
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		err(1, "socketpair");
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		close(pair[0]);
		close(pair[1]);
		execv(program[0], program);
		err(1, "%s", program[0]);
	}
	close(pair[1]);
	if (read(pair[0], line, sizeof(line)) <= 0)
		errx(1, "%s: no greeting", program[0]);
	took = seconds() - begun;
	if (write(pair[0], "QUIT\r\n", 6) != 6)
		err(1, "write");
	while (read(pair[0], line, sizeof(line)) > 0)
		;
	close(pair[0]);
	waitpid(pid, NULL, 0);
	return took;
}

static int start(int count, char **program)
{
	double *took = calloc((size_t)count, sizeof(*took));
	struct rusage usage;

	if (!took)
		err(1, "calloc");
	for (int i = 0; i < count; i++)
		took[i] = start_once(program);
	qsort(took, (size_t)count, sizeof(*took), by_size);
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%.0f %.0f\n", took[count / 2] * 1e6,
		((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) /
			count);
	free(took);
	return 0;
}

/* Read replies until `count` final lines have come; the last one's first digit. */
static char replies(int fd, int count)
{
	static char text[65536];
	static size_t have;
	char digit = '0';

	while (count > 0) {
		char *lf = memchr(text, '\n', have);
		ssize_t n;

		if (lf) {
			size_t len = (size_t)(lf - text) + 1;

			count -= text[3] == ' ';
			digit = text[0];
			have -= len;
			memmove(text, text + len, have);
			continue;
		}
		n = read(fd, text + have, sizeof(text) - have);
		if (n <= 0)
			errx(1, "the server hung up");
		have += (size_t)n;
	}
	return digit;
}

static void say(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			err(1, "write");
		text += n;
		len -= (size_t)n;
	}
}

static int dial(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "connect");
	return fd;
}

struct load {
	int port;
	const char *hello;
	int connections;
	int messages;
	int each; /* messages per connection */
	char **users;
	int count; /* of users */
	const char *body;
};

static void send_one(int fd, const struct load *load, const char *user)
{
	char envelope[256];
	int len = snprintf(envelope, sizeof(envelope),
		"MAIL FROM:<bench@example.net>\r\nRCPT TO:<%s@example.org>\r\nDATA\r\n", user);

	say(fd, envelope, (size_t)len);
	if (replies(fd, 3) != '3')
		errx(1, "DATA was refused");
	say(fd, load->body, strlen(load->body));
	if (replies(fd, 1) != '2')
		errx(1, "a message was refused");
}

/* Messages number first, first + connections, and so on. */
static void send_all(const struct load *load, int first)
{
	int n = first;

	while (n < load->messages) {
		int fd = dial(load->port);

		replies(fd, 1);
		say(fd, load->hello, strlen(load->hello));
		replies(fd, 1);
		for (int i = 0; i < load->each && n < load->messages; i++) {
			send_one(fd, load, load->users[n % load->count]);
			n += load->connections;
		}
		say(fd, "QUIT\r\n", 6);
		replies(fd, 1);
		close(fd);
	}
}

/* "Subject: x", lines of 64 octets, and the final dot. */
static char *make_body(size_t size)
{
	char *body = malloc(size + 128);
	size_t len = 0;

	if (!body)
		err(1, "malloc");
	len += (size_t)sprintf(body, "Subject: bench\r\n\r\n");
	while (len < size)
		len += (size_t)sprintf(body + len, "%.*s\r\n", 62,
			"the quick brown fox jumps over the lazy dog and runs on for a while...");
	strcpy(body + len, ".\r\n");
	return body;
}

static int smtp(const char *hello, int argc, char **argv)
{
	char *body = make_body(strtoul(argv[4], NULL, 10));
	struct load load = {.port = atoi(argv[0]),
		.hello = hello,
		.connections = atoi(argv[1]),
		.messages = atoi(argv[2]),
		.each = atoi(argv[3]),
		.users = argv + 5,
		.count = argc - 5,
		.body = body};
	double begun = seconds();
	int status;
	int failed = 0;

	for (int i = 0; i < load.connections; i++) {
		if (fork() == 0) {
			send_all(&load, i);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	printf("%.0f\n", load.messages / (seconds() - begun));
	free(body);
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "start") == 0)
		return start(atoi(argv[2]), argv + 3);
	if (argc > 7 && strcmp(argv[1], "smtp") == 0)
		return smtp("EHLO bench\r\n", argc - 2, argv + 2);
	if (argc > 7 && strcmp(argv[1], "lmtp") == 0)
		return smtp("LHLO bench\r\n", argc - 2, argv + 2);
	errx(64, "usage: load start COUNT PROGRAM... | load smtp|lmtp PORT CONNECTIONS MESSAGES "
		 "PER-CONNECTION SIZE USER...");
}

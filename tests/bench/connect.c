/*
 * connect - clients that do nothing but come and go.
 *
 * usage: connect PORT COUNT AT-ONCE
 *	COUNT connections to 127.0.0.1:PORT, AT-ONCE at a time: read a line, say QUIT, wait for the
 * end; print how many came to that end, and connections per second or: connect hold PORT COUNT open
 * COUNT connections, read a line from each, print how many there are, and keep them until standard
 * input ends
 */
#include "timing.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A connection whose first line has been read; -1 where there is none. */
static int greeted(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 60};
	char line[512];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		read(fd, line, sizeof(line)) > 0)
		return fd;
	close(fd);
	return -1;
}

/* Returns how many of `count` connections were greeted and ended as they should. */
static int come_and_go(int port, int count)
{
	char rest[512];
	int good = 0;

	for (int i = 0; i < count; i++) {
		int fd = greeted(port);
		ssize_t n = 0;

		if (fd < 0)
			continue;
		if (write(fd, "QUIT\r\n", 6) == 6) {
			do {
				n = read(fd, rest, sizeof(rest));
			} while (n > 0);
			good += n == 0;
		}
		close(fd);
	}
	return good;
}

static int measure(int port, int count, int at_once)
{
	double begun = seconds();
	int good = 0;
	int share;
	int pipes[2];

	if (pipe(pipes) < 0)
		err(1, "pipe");
	for (int i = 0; i < at_once; i++) {
		if (fork() == 0) {
			share = come_and_go(port, count / at_once + (i < count % at_once));
			_exit(write(pipes[1], &share, sizeof(share)) != sizeof(share));
		}
	}
	close(pipes[1]);
	while (read(pipes[0], &share, sizeof(share)) == sizeof(share))
		good += share;
	printf("%d %.1f\n", good, good / (seconds() - begun));
	return good != count;
}

static int hold(int port, int count)
{
	char end[64];
	int good = 0;

	for (int i = 0; i < count; i++)
		good += greeted(port) >= 0;
	printf("%d\n", good);
	fflush(stdout);
	while (read(STDIN_FILENO, end, sizeof(end)) > 0)
		;
	return good != count;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "hold") == 0)
		return hold(atoi(argv[2]), atoi(argv[3]));
	if (argc == 4 && atoi(argv[3]) > 0)
		return measure(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
	errx(64, "usage: connect PORT COUNT AT-ONCE | connect hold PORT COUNT");
}

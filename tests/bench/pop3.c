/*
 * pop3 - a client that reads as fast as it can and looks at nothing that it needn't.
 *
 * usage: pop3 login PORT USER PASSWORD COUNT
 *
 * COUNT sessions, one after the other, of USER, PASS, STAT and QUIT, on a connection to
 * 127.0.0.1:PORT. Prints the medians, in microseconds: of a whole session, to the greeting, for the
 * log-in, for STAT, for QUIT.
 *
 * usage: pop3 pipe USER PASSWORD COUNT PROGRAM [ARGUMENT...]
 *
 * The same with PROGRAM behind two pipes.
 *
 * usage: pop3 retr|eager PORT USER PASSWORD
 *
 * RETR of each message, one after the other; eager: and each segment is acknowledged at once.
 * Prints octets and seconds.
 *
 * usage: pop3 dele PORT USER PASSWORD first|middle|second
 *
 * DELE of the first, the middle or every second message. Prints the seconds of QUIT and how many
 * messages it were.
 *
 * usage: pop3 cat PROGRAM [ARGUMENT...]
 *
 * PROGRAM writes into a connection of the same kind. Prints octets and seconds.
 */
#include "timing.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM   (256UL * 1024)
#define PHASES 5

struct link {
	int in;
	int out;
	pid_t pid; /* of the program behind pipes; 0: none */
	size_t have;
	char text[ROOM];
};

static struct link server;

/*
 * A server that writes a reply in small pieces, without TCP_NODELAY, waits after each for our
 * acknowledgement, which the kernel holds back for 40 ms, and that is then all there is to measure.
 * So that the rest can be measured, too, it goes at once. (To be said again each time: tcp(7).)
 */
static bool is_eager;

static void acknowledge(void)
{
	int on = 1;

	if (is_eager)
		setsockopt(server.in, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static ssize_t more(void)
{
	ssize_t len;

	acknowledge();
	len = read(server.in, server.text + server.have, ROOM - server.have);
	if (len < 0)
		err(1, "read");
	server.have += (size_t)len;
	return len;
}

static void forget(size_t len)
{
	server.have -= len;
	memmove(server.text, server.text + len, server.have);
}

static void say(const char *format, const char *what)
{
	char line[1024];
	int len = snprintf(line, sizeof(line), format, what);

	if (write(server.out, line, (size_t)len) != len)
		err(1, "write");
}

/* A reply's first line, which must be +OK; the number that comes first in it. */
static unsigned long ok(void)
{
	unsigned long number;
	char *lf;

	while (!(lf = memchr(server.text, '\n', server.have))) {
		if (server.have == ROOM || more() == 0)
			errx(1, "no reply");
	}
	if (strncmp(server.text, "+OK", 3) != 0)
		errx(1, "%.*s", (int)(lf - server.text), server.text);
	number = strtoul(server.text + 3, NULL, 10);
	forget((size_t)(lf + 1 - server.text));
	return number;
}

static unsigned long ask(const char *format, const char *what)
{
	say(format, what);
	return ok();
}

/*
 * The rest of a reply of many lines: its octets, with those of the last line, which is ".". We have
 * asked for nothing else, so what ends like that is the end. (A line "." of a message has two
 * dots.)
 */
static uint64_t lines(void)
{
	char tail[5]; /* the end of what came; the first line ended, too */
	uint64_t octets = 0;

	memcpy(tail, "...\r\n", 5);
	for (;;) {
		size_t len = server.have;

		if (len >= 5) {
			memcpy(tail, server.text + len - 5, 5);
		} else {
			memmove(tail, tail + len, 5 - len);
			memcpy(tail + 5 - len, server.text, len);
		}
		octets += len;
		server.have = 0;
		if (memcmp(tail, "\r\n.\r\n", 5) == 0)
			return octets;
		if (more() == 0)
			errx(1, "the server hung up");
	}
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void dial(int port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server.in = server.out = fd;
	server.have = 0;
}

/* Does not return. */
static void become(char **program, int in, int out)
{
	dup2(in, 0);
	dup2(out, 1);
	execvp(program[0], program);
	err(1, "%s", program[0]);
}

static void spawn(char **program)
{
	int to[2];
	int from[2];

	if (pipe(to) < 0 || pipe(from) < 0)
		err(1, "pipe");
	server.pid = fork();
	if (server.pid == 0) {
		close(to[1]);
		close(from[0]);
		become(program, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	server.in = from[0];
	server.out = to[1];
	server.have = 0;
}

static void hang_up(void)
{
	while (more() > 0)
		server.have = 0;
	close(server.in);
	if (server.out != server.in)
		close(server.out);
	if (server.pid > 0)
		waitpid(server.pid, NULL, 0);
	server.pid = 0;
}

static void log_in(const char *user, const char *password)
{
	ask("USER %s\r\n", user);
	ask("PASS %s\r\n", password);
}

/* What each phase has taken; the first is all of them. */
static void one_session(int port, char **program, const char *user, const char *password,
	double took[static PHASES])
{
	double at[PHASES];

	at[0] = seconds();
	if (program)
		spawn(program);
	else
		dial(port);
	ok();
	at[1] = seconds();
	log_in(user, password);
	at[2] = seconds();
	ask("STAT\r\n", NULL);
	at[3] = seconds();
	ask("QUIT\r\n", NULL);
	at[4] = seconds();
	hang_up();
	took[0] = at[4] - at[0];
	for (int i = 1; i < PHASES; i++)
		took[i] = at[i] - at[i - 1];
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static int logins(
	int port, char **program, const char *user, const char *password, const char *times)
{
	size_t count = strtoul(times, NULL, 10);
	double *took[PHASES];
	double one[PHASES];

	if (count < 1)
		errx(64, "no sessions");
	for (int i = 0; i < PHASES; i++) {
		took[i] = calloc(count, sizeof(*took[i]));
		if (!took[i])
			err(1, "calloc");
	}
	for (size_t n = 0; n < count; n++) {
		one_session(port, program, user, password, one);
		for (int i = 0; i < PHASES; i++)
			took[i][n] = one[i];
	}
	for (int i = 0; i < PHASES; i++) {
		qsort(took[i], count, sizeof(*took[i]), by_size);
		printf("%.0f%c", took[i][count / 2] * 1e6, i < PHASES - 1 ? ' ' : '\n');
		free(took[i]);
	}
	return 0;
}

static unsigned long enter(const char *port, const char *user, const char *password)
{
	dial(atoi(port));
	ok();
	log_in(user, password);
	return ask("STAT\r\n", NULL);
}

static void with_number(const char *verb, unsigned long n)
{
	char number[32];

	snprintf(number, sizeof(number), "%s %lu", verb, n);
	ask("%s\r\n", number);
}

static int retr(const char *port, const char *user, const char *password)
{
	unsigned long count = enter(port, user, password);
	double begun = seconds();
	uint64_t octets = 0;

	for (unsigned long n = 1; n <= count; n++) {
		with_number("RETR", n);
		octets += lines();
	}
	printf("%llu %.6f\n", (unsigned long long)octets, seconds() - begun);
	ask("QUIT\r\n", NULL);
	hang_up();
	return 0;
}

static int dele(const char *port, const char *user, const char *password, const char *which)
{
	unsigned long count = enter(port, user, password);
	bool many = strcmp(which, "second") == 0;
	unsigned long first = strcmp(which, "middle") == 0 ? count / 2 + 1 : 1;
	unsigned long deleted = 0;
	double begun;

	for (unsigned long n = first; n <= (many ? count : first); n += 2) {
		with_number("DELE", n);
		deleted++;
	}
	begun = seconds();
	ask("QUIT\r\n", NULL);
	printf("%.6f %lu\n", seconds() - begun, deleted);
	hang_up();
	return 0;
}

static int cat(char **program)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t octets = 0;
	double begun;
	int theirs;

	if (listening < 0 || bind(listening, (struct sockaddr *)&address, size) < 0 ||
		listen(listening, 1) < 0 ||
		getsockname(listening, (struct sockaddr *)&address, &size) < 0)
		err(1, "listen");
	dial(ntohs(address.sin_port));
	theirs = accept(listening, NULL, NULL);
	if (theirs < 0)
		err(1, "accept");
	begun = seconds();
	if (fork() == 0) {
		close(server.in);
		become(program, theirs, theirs);
	}
	close(theirs);
	while (more() > 0) {
		octets += server.have;
		server.have = 0;
	}
	printf("%llu %.6f\n", (unsigned long long)octets, seconds() - begun);
	wait(NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 6 && strcmp(what, "login") == 0)
		return logins(atoi(argv[2]), NULL, argv[3], argv[4], argv[5]);
	if (argc > 5 && strcmp(what, "pipe") == 0)
		return logins(0, argv + 5, argv[2], argv[3], argv[4]);
	is_eager = strcmp(what, "eager") == 0;
	if (argc == 5 && (is_eager || strcmp(what, "retr") == 0))
		return retr(argv[2], argv[3], argv[4]);
	if (argc == 6 && strcmp(what, "dele") == 0)
		return dele(argv[2], argv[3], argv[4], argv[5]);
	if (argc > 2 && strcmp(what, "cat") == 0)
		return cat(argv + 2);
	errx(64, "usage: pop3 login|pipe|retr|eager|dele|cat ...: see the comment at its top");
}

/*
 * greet - the least that a program can do for a connection: print one line, wait for another, end.
 *
 * usage: greet            on fd 0 and 1
 * or: greet listen        for each connection to the listening socket fd 3, in a fork
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTENING 3 /* as systemd passes it, and as inetd's fd 0 is put there */

static int greet(int in, int out)
{
	static const char line[] = "220 mail.example.org ESMTP\r\n";
	char rest[512];

	if (write(out, line, sizeof(line) - 1) < 0)
		return 1;
	return read(in, rest, sizeof(rest)) < 0;
}

static int serve(void)
{
	for (;;) {
		int fd = accept4(LISTENING, NULL, NULL, 0);

		if (fd >= 0 && fork() == 0)
			_exit(greet(fd, fd));
		if (fd >= 0)
			close(fd);
		else
			poll(&(struct pollfd){.fd = LISTENING, .events = POLLIN}, 1, 1000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

int main(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "listen") == 0 ? serve() : greet(0, 1);
}

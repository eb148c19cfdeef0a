/*
 * lock-hold - has a mailbox locked, as libspool does it, until its standard input ends.
 *
 *	lock-hold MAILBOX STATE
 *
 * Says "locked" once it is. The mailbox's owner is the caller. Failure: the why on stderr, exit
 * status 1; 2 for wrong use.
 */
#include "spool/mbox.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct spool_place place = {.lock_seconds = 30};
	struct mbox mbox;
	struct why why;
	char text[512];

	if (argc != 3) {
		fputs("usage: lock-hold MAILBOX STATE\n", stderr);
		return 2;
	}
	place.state = argv[2];
	place.owner = getuid();
	if (mbox_lock(&mbox, &place, argv[1], true, &why) < 0) {
		fprintf(stderr, "lock-hold: %s\n", why.text);
		return 1;
	}
	puts("locked");
	fflush(stdout);
	while (read(STDIN_FILENO, text, sizeof(text)) > 0)
		;
	mbox_close(&mbox);
	return 0;
}

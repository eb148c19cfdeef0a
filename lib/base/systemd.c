/* sysd - see systemd.h. What it keeps is the process's own: a socket, and what it was started with.
 */
#include "base/systemd.h"

#include "base/num.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define PIECES         5 /* of a field as it is sent */

static struct {
	int journal; /* its socket, from 1 on; 0: none */
	bool asked;  /* about passed sockets */
	int passed;
} sysd;

bool sysd_is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	const char *colon = stream ? strchr(stream, ':') : NULL;
	uint64_t device;
	uint64_t inode;

	if (!colon || num_parse(stream, (size_t)(colon - stream), UINT64_MAX, &device) < 0 ||
		num_parse(colon + 1, strlen(colon + 1), UINT64_MAX, &inode) < 0)
		return false;
	return device == st->st_dev && inode == st->st_ino;
}

int sysd_open_journal(void)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
	int fd;
	int err;

	if (sysd.journal > 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	sysd.journal = fd;
	return 0;
}

/* The form that takes any value: name, LF, length as 64 bits little-endian, value, LF. */
static void put_field(const struct iovec *field, uint64_t *length, struct iovec out[static PIECES])
{
	static char lf[] = "\n";
	char *name = field->iov_base;
	const char *equals = memchr(name, '=', field->iov_len);
	size_t name_len = equals ? (size_t)(equals - name) : field->iov_len;
	size_t value_len = equals ? field->iov_len - name_len - 1 : 0;

	*length = htole64(value_len);
	out[0] = (struct iovec){name, name_len};
	out[1] = (struct iovec){lf, 1};
	out[2] = (struct iovec){length, sizeof(*length)};
	out[3] = (struct iovec){name + field->iov_len - value_len, value_len};
	out[4] = (struct iovec){lf, 1};
}

void sysd_journal_send(const struct iovec *fields, int count)
{
	struct iovec pieces[SYSD_FIELDS * PIECES];
	uint64_t lengths[SYSD_FIELDS];

	if (sysd.journal <= 0)
		return;
	if (count > SYSD_FIELDS)
		count = SYSD_FIELDS;
	for (int i = 0; i < count; i++)
		put_field(&fields[i], &lengths[i], &pieces[(size_t)i * PIECES]);
	while (writev(sysd.journal, pieces, count * PIECES) < 0 && errno == EINTR)
		;
}

static bool get_number(const char *name, uint64_t most, uint64_t *out)
{
	const char *text = getenv(name);

	return text && num_parse(text, strlen(text), most, out) == 0;
}

int sysd_listen_fds(void)
{
	static const char *const names[] = {
		"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"};
	uint64_t pid;
	uint64_t count;

	if (sysd.asked)
		return sysd.passed;
	sysd.asked = true;
	/* Meant for this process, not for one that has started it. */
	if (get_number("LISTEN_PID", INT_MAX, &pid) && pid == (uint64_t)getpid() &&
		get_number("LISTEN_FDS", INT_MAX - SYSD_FIRST_FD, &count))
		sysd.passed = (int)count;
	for (int fd = SYSD_FIRST_FD; fd < SYSD_FIRST_FD + sysd.passed; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unsetenv(names[i]);
	return sysd.passed;
}

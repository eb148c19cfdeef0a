/* sysd - see systemd.h. What it keeps is the process's own: a socket, and what it was started with.
 */
#include "base/systemd.h"

#include "base/num.h"

#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define PIECES         5 /* of a field as it is sent */

static struct {
	int journal; /* its socket, from 1 on; 0: none */
	bool asked;  /* about passed sockets */
	int passed;  /* the answer */
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

/* libsystemd's answer. It is asked once, and what it brought into memory would only make each fork
 * dearer: so it is loaded, asked and put away. */
static int ask_library(void)
{
	__typeof__(sd_listen_fds) *listen_fds;
	void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	int count;

	if (!library)
		return -ENOENT;
	*(void **)&listen_fds = dlsym(library, "sd_listen_fds");
	count = listen_fds ? listen_fds(1) : -ENOENT;
	dlclose(library);
	return count;
}

int sysd_listen_fds(void)
{
	if (!sysd.asked) {
		sysd.asked = true;
		sysd.passed = getenv("LISTEN_FDS") ? ask_library() : 0;
	}
	return sysd.passed;
}

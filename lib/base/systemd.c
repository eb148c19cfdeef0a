/* sysd - see systemd.h. */
#include "base/systemd.h"

#include "base/num.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

static struct {
	bool tried;
	__typeof__(sd_journal_sendv) *journal_sendv;
	__typeof__(sd_listen_fds) *listen_fds;
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

int sysd_load(void)
{
	void *library;

	if (!sysd.tried) {
		sysd.tried = true;
		library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
		if (library) {
			*(void **)&sysd.journal_sendv = dlsym(library, "sd_journal_sendv");
			*(void **)&sysd.listen_fds = dlsym(library, "sd_listen_fds");
		}
	}
	return sysd.journal_sendv && sysd.listen_fds ? 0 : -ENOENT;
}

void sysd_journal_send(const struct iovec *iov, int count)
{
	if (sysd.journal_sendv)
		(void)sysd.journal_sendv(iov, count);
}

int sysd_listen_fds(void)
{
	int count;

	if (!getenv("LISTEN_FDS"))
		return 0;
	if (sysd_load() < 0)
		return 0;
	count = sysd.listen_fds(1);
	return count > 0 ? count : 0;
}

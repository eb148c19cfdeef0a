/*
 * agent_tickets - see agent_tickets.h.
 *
 * The secret lies in memory (tmpfs, ramfs) and nowhere else, so that it is gone once it is
 * replaced: on a disk its octets would outlive it. Memory can be swapped out all the same, and
 * locking ours would not keep the file's from it: a host whose swap is not encrypted should have
 * none.
 *
 * The file is complete before it has its name, and is never written to again. The first is linked
 * there, which only one agent can do; a later one is renamed over the one before it, by the agent
 * that has that one locked. So all agents come to the same secret, and one that is killed anywhere
 * leaves the old one or the new one, or at worst ".new", which is then taken away.
 *
 * System calls: those of agent_folder_private(); fstatfs, openat, fstat, fstatat, flock, pread,
 * write, linkat, renameat, unlinkat, getrandom, close, geteuid.
 */
#include "agent/agent_tickets.h"

#include "agent/agent_folder.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/why.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TRIES 200 /* of 2.5 to 5 ms, while another agent makes the secret */

static const char magic[8] = "PBtick1";

struct record {
	char magic[8];
	int64_t born; /* seconds, CLOCK_REALTIME */
	unsigned char secret[HMAC_KEY_SIZE];
};

_Static_assert(sizeof(struct record) == 48, "no octet of the file is padding");

/* The place of the file, and the name that one is made under before it replaces another. */
struct place {
	int folder;
	const char *name;
	char fresh[NAME_MAX + 1];
	int64_t now;
};

static bool is_in_memory(int folder)
{
	struct statfs fs;

	return fstatfs(folder, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* 0; -ENOENT; -EUCLEAN: what is there can't be ours. */
static int open_file(const struct place *place, int *out)
{
	int fd = openat(place->folder, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ELOOP || errno == EACCES || errno == ENXIO))
		return -EUCLEAN;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		(st.st_mode & 07777) != 0600 || st.st_size != sizeof(struct record)) {
		fd_close(&fd);
		return -EUCLEAN;
	}
	*out = fd;
	return 0;
}

static int read_record(int fd, struct record *record)
{
	ssize_t n = fd_pread(fd, record, sizeof(*record), 0);

	if (n < 0)
		return (int)n;
	if ((size_t)n != sizeof(*record) || memcmp(record->magic, magic, sizeof(magic)) != 0)
		return -EUCLEAN;
	return 0;
}

/* A clock that was set back makes a secret that is not born yet; how old it is nobody knows. */
static bool is_fresh(const struct record *record, int64_t now)
{
	return record->born <= now && record->born > now - AGENT_TICKETS_SECONDS;
}

static int fill(int fd, int64_t now)
{
	struct record record = {.born = now};
	int err = 0;

	memcpy(record.magic, magic, sizeof(magic));
	if (getrandom(record.secret, sizeof(record.secret), 0) != sizeof(record.secret))
		err = -EIO;
	if (err == 0)
		err = fd_write(fd, &record, sizeof(record));
	explicit_bzero(&record, sizeof(record));
	return err;
}

/* Make a file with a new secret and link it to name. -EEXIST: somebody else has. */
static int make(const struct place *place, const char *name)
{
	char path[64];
	int fd = openat(place->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = fill(fd, place->now);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (err == 0 && linkat(AT_FDCWD, path, place->folder, name, AT_SYMLINK_FOLLOW) < 0)
		err = -errno;
	fd_close(&fd);
	return err;
}

static bool is_at_place(const struct place *place, int fd)
{
	struct stat st, there;

	return fstat(fd, &st) == 0 &&
	       fstatat(place->folder, place->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == there.st_dev && st.st_ino == there.st_ino;
}

/* Put a new secret in the place of the one in fd, unless another agent has or is about to. */
static int rotate(const struct place *place, int fd)
{
	int err;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (!is_at_place(place, fd))
		return -EAGAIN;
	(void)unlinkat(place->folder, place->fresh, 0);
	err = make(place, place->fresh);
	if (err == 0 && renameat(place->folder, place->fresh, place->folder, place->name) < 0)
		err = -errno;
	return err < 0 ? err : -EAGAIN;
}

/* 0: *record is it; -EAGAIN: look again; -EUCLEAN: what is there is to be taken away. */
static int look(const struct place *place, struct record *record)
{
	int fd = -1;
	int err = open_file(place, &fd);

	if (err == -ENOENT) {
		err = make(place, place->name);
		return err == 0 || err == -EEXIST ? -EAGAIN : err;
	}
	if (err == 0)
		err = read_record(fd, record);
	if (err == 0 && !is_fresh(record, place->now))
		err = rotate(place, fd);
	fd_close(&fd);
	return err;
}

static int look_until_found(const struct place *place, struct record *record, bool *foreign)
{
	int err = -EAGAIN;

	for (int i = 0; i < TRIES && err == -EAGAIN; i++) {
		if (i > 2)
			clock_sleep_jitter(5000);
		err = look(place, record);
		if (err == -EUCLEAN) {
			*foreign = true;
			err = unlinkat(place->folder, place->name, 0) < 0 && errno != ENOENT
				      ? -errno
				      : -EAGAIN;
		}
	}
	return err;
}

static void tell_foreign(
	const char *path, void (*note)(void *context, const char *text), void *context)
{
	struct why why;

	(void)why_set(&why, EUCLEAN, WHY_NONE, "",
		"%s: was no file of keys for TLS tickets, and was replaced by one", path);
	note(context, why.text);
}

int agent_tickets_read(const char *path, int64_t now, unsigned char secret[static HMAC_KEY_SIZE],
	void (*note)(void *context, const char *text), void *context)
{
	struct place place = {.folder = -1, .now = now};
	struct record record;
	bool foreign = false;
	int err = agent_folder_private(path, &place.folder);

	if (err < 0)
		return err;
	place.name = strrchr(path, '/') + 1;
	if (!*place.name || snprintf(place.fresh, sizeof(place.fresh), "%s.new", place.name) >=
				    (int)sizeof(place.fresh))
		err = -EINVAL;
	else if (!is_in_memory(place.folder))
		err = -EOPNOTSUPP;
	if (err == 0)
		err = look_until_found(&place, &record, &foreign);
	fd_close(&place.folder);
	if (err == 0)
		memcpy(secret, record.secret, HMAC_KEY_SIZE);
	if (err == 0 && foreign)
		tell_foreign(path, note, context);
	explicit_bzero(&record, sizeof(record));
	return err;
}

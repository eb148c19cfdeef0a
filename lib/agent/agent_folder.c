/*
 * agent_folder - see agent_folder.h.
 *
 * A folder that was made is on disk, with its name, before anything is put into it: a journal must
 * not lose the folder that it lies in.
 *
 * System calls: stat, mkdir, mkdirat, openat, fsync, fstat, fchown, readlinkat, close, geteuid.
 */
#include "agent/agent_folder.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 8

static void tell_made(
	const char *path, void (*note)(void *listener, const char *text), void *listener)
{
	struct why why;

	if (geteuid() != 0 || !note)
		return;
	(void)why_set(&why, ENOENT, WHY_NONE, "",
		"%s: was missing and was made: is its file system mounted?", path);
	note(listener, why.text);
}

int agent_folder_make(const char *path, mode_t mode, void (*note)(void *listener, const char *text),
	void *listener)
{
	struct stat st;
	int err;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	err = fd_make_parents(path, geteuid() == 0 ? 0755 : 0700);
	if (err < 0)
		return err;
	if (mkdir(path, mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	tell_made(path, note, listener);
	return fd_sync_parent(path);
}

/* In a folder that belongs to us alone a name can't be somebody's trap, so what we made may be
 * given away. *fresh: that was done only now. */
static int own(int parent, int fd, const struct account *account, bool *fresh)
{
	struct stat above, st;

	if (fstat(parent, &above) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid == account->uid)
		return 0;
	if (above.st_uid != geteuid() || (above.st_mode & (S_IWGRP | S_IWOTH)) ||
		st.st_uid != geteuid())
		return -EPERM;
	*fresh = true;
	return fchown(fd, account->uid, account->gid) < 0 ? -errno : 0;
}

static int make_own(const char *path, const struct account *account)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int parent = open(path, flags);
	bool fresh = false;
	int fd = -1;
	int err = 0;

	if (parent < 0)
		return -errno;
	if (mkdirat(parent, account->key, 0700) == 0)
		fresh = true;
	else if (errno != EEXIST)
		err = -errno;
	if (err == 0)
		fd = openat(parent, account->key, flags | O_NOFOLLOW);
	if (err == 0)
		err = fd < 0 ? -errno : own(parent, fd, account, &fresh);
	if (err == 0 && fresh && (fsync(fd) < 0 || fsync(parent) < 0))
		err = -errno;
	fd_close(&fd);
	fd_close(&parent);
	return err;
}

/* The owner's folder in `above`, which everybody can pass through to his own. */
static int make_below(const char *above, const struct account *account, char out[static PATH_MAX],
	void (*note)(void *listener, const char *text), void *listener)
{
	mode_t mode = geteuid() == 0 ? 0711 : 0700;
	int len = snprintf(out, PATH_MAX, "%s/%s", above, account->key);
	int err = len < 0 || len >= PATH_MAX ? -ENAMETOOLONG
					     : agent_folder_make(above, mode, note, listener);

	return err < 0 ? err : make_own(above, account);
}

int agent_folder_state(const struct conf *conf, const struct account *account,
	char out[static PATH_MAX], void (*note)(void *listener, const char *text), void *listener,
	struct why *why)
{
	int err = make_below(conf->state, account, out, note, listener);

	return err < 0 ? why_errno(why, -err, conf->state, "make the owner's folder") : 0;
}

int agent_folder_cache(
	const struct conf *conf, const struct account *account, char out[static PATH_MAX])
{
	return make_below(conf->cache, account, out, NULL, NULL);
}

/* The rest of a way that is being walked. */
struct way {
	char rest[PATH_MAX];
	int fd; /* where we are */
	int links;
};

/* Cut the next part off. false: there is none. */
static bool take_part(struct way *way, char part[static NAME_MAX + 1], bool *fits)
{
	size_t skip = strspn(way->rest, "/");
	size_t len = strcspn(way->rest + skip, "/");

	*fits = len <= NAME_MAX;
	if (len == 0 || !*fits)
		return false;
	memcpy(part, way->rest + skip, len);
	part[len] = '\0';
	memmove(way->rest, way->rest + skip + len, strlen(way->rest + skip + len) + 1);
	return true;
}

static int go(struct way *way, int fd)
{
	fd_close(&way->fd);
	way->fd = fd;
	return fd < 0 ? -errno : 0;
}

/* Our own link, in a folder where only we can have put it: its way goes in front of the rest. */
static int follow(struct way *way, int link)
{
	char target[PATH_MAX];
	char rest[PATH_MAX];
	ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++way->links > MAX_LINKS)
		return -ELOOP;
	if (snprintf(rest, sizeof(rest), "%s/%s", target, way->rest) >= (int)sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(way->rest, rest, sizeof(rest));
	return *target == '/' ? go(way, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) : 0;
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool is_trusted(const struct stat *st, bool last)
{
	mode_t others = last ? S_IWOTH : S_IWGRP | S_IWOTH;

	return is_ours(st) && (!(st->st_mode & others) || (st->st_mode & S_ISVTX));
}

static int step(struct way *way, const char *part)
{
	int next = openat(way->fd, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int err;

	if (next < 0)
		return -errno;
	if (fstat(next, &st) < 0) {
		err = -errno;
	} else if (S_ISLNK(st.st_mode)) {
		err = is_ours(&st) ? follow(way, next) : -EACCES;
	} else if (!S_ISDIR(st.st_mode)) {
		err = -ENOTDIR;
	} else if (!is_trusted(&st, way->rest[strspn(way->rest, "/")] == '\0')) {
		err = -EACCES;
	} else {
		return go(way, next);
	}
	fd_close(&next);
	return err;
}

int agent_folder_trusted(const char *path, int *out)
{
	struct way way = {.fd = -1};
	const char *slash = strrchr(path, '/');
	char part[NAME_MAX + 1];
	bool fits = true;
	int err;

	if (*path != '/' || (size_t)(slash - path) >= sizeof(way.rest))
		return -EINVAL;
	memcpy(way.rest, path, (size_t)(slash - path));
	err = go(&way, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	while (err == 0 && take_part(&way, part, &fits))
		err = step(&way, part);
	if (err == 0 && !fits)
		err = -ENAMETOOLONG;
	if (err == 0) {
		*out = openat(way.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = *out < 0 ? -errno : 0;
	}
	fd_close(&way.fd);
	return err;
}

int agent_folder_private(const char *path, int *out)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;
	int fd = -1;
	int err;

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return -EINVAL;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	err = agent_folder_make(folder, geteuid() == 0 ? 0755 : 0700, NULL, NULL);
	if (err == 0)
		err = agent_folder_trusted(path, &fd);
	if (err < 0)
		return err;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		err = -EACCES;
	if (err < 0)
		fd_close(&fd);
	else
		*out = fd;
	return err;
}

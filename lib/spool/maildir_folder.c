/*
 * maildir_folder - the folders new, cur and tmp: their names read, files moved between them. Other
 * programs do the same at any time.
 */
#include "base/fd.h"
#include "disk.h"
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define YOUNG_NS 20000000

int maildir_each(const struct maildir *maildir, enum maildir_folder folder,
	int (*visit)(void *context, enum maildir_folder folder, const char *name), void *context)
{
	/* An open file of its own: it reads from the begin. */
	int fd = openat(maildir->folder[folder], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry = NULL;
	int err = 0;

	if (!dir) {
		err = -errno;
		fd_close(&fd);
		return err;
	}
	while (err == 0 && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = visit(context, folder, entry->d_name);
	}
	if (err == 0 && !entry)
		err = -errno;
	closedir(dir);
	return err;
}

static bool is_one_file(int from, const char *old, int to, const char *new)
{
	struct stat a, b;

	return fstatat(from, old, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(to, new, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/*
 * By a second name, where the file system can't rename without replacing. NFS can't, and may say
 * EEXIST of what it has done itself, if the first answer was lost.
 */
static int move_by_link(int from, const char *old, int to, const char *new)
{
	struct stat st;
	int err = linkat(from, old, to, new, 0) < 0 ? -errno : 0;

	if (err == -EEXIST && is_one_file(from, old, to, new))
		err = 0;
	if (err == 0)
		(void)unlinkat(from, old, 0); /* if it stays, it is one message still */
	if (err != -EPERM && err != -EOPNOTSUPP && err != -EMLINK && err != -ENOSYS)
		return err;
	/* Nor has it links (FAT): that the names are unique must do. */
	if (fstatat(to, new, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from, old, to, new) < 0 ? -errno : 0;
}

int maildir_move(const struct maildir *maildir, enum maildir_folder from, const char *old,
	enum maildir_folder to, const char *new)
{
	int old_fd = maildir->folder[from];
	int new_fd = maildir->folder[to];

	if (renameat2(old_fd, old, new_fd, new, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return move_by_link(old_fd, old, new_fd, new);
}

static int64_t in_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* Times are a tick of the kernel's old, 10 ms at the most, before Linux 6.13. */
static bool is_young(const struct timespec *changed)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = in_ns(&now) - in_ns(changed);
	return age < YOUNG_NS && age > -YOUNG_NS;
}

int maildir_sync_names(const struct maildir *maildir)
{
	int err = disk_sync(maildir->root);

	return err ? err : disk_sync_name(maildir->path);
}

int maildir_state_get(const struct maildir *maildir, struct maildir_state *state)
{
	state->is_young = false;
	for (int i = MAILDIR_NEW; i <= MAILDIR_CUR; i++) {
		struct stat st;

		if (fstat(maildir->folder[i], &st) < 0)
			return -errno;
		state->mtime[i] = st.st_mtim;
		state->ctime[i] = st.st_ctim;
		state->is_young |= is_young(&st.st_ctim);
	}
	return 0;
}

bool maildir_state_is_same(const struct maildir_state *then, const struct maildir_state *now)
{
	bool same = true;

	for (int i = MAILDIR_NEW; i <= MAILDIR_CUR; i++)
		same = same && in_ns(&then->mtime[i]) == in_ns(&now->mtime[i]) &&
		       in_ns(&then->ctime[i]) == in_ns(&now->ctime[i]);
	return same;
}

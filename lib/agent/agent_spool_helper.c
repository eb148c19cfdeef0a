/*
 * agent_spool_helper - see agent_spool_helper.h.
 *
 * The most privileged code of all: root, in a folder that others may write to, asked by a process
 * that belongs to a user. The name is fixed before that process exists; the folder is reached by a
 * way that only root can have laid (agent_folder_trusted); nothing that is there already is
 * followed, opened, changed or given away.
 *
 * System calls: geteuid, fstatat, openat, mkdirat, fstat, fcntl, getdents64, fchown, fchmod,
 * linkat, fsync, unlinkat, close; those of agent_folder.c and spool/dotlock.h.
 */
#include "agent/agent_spool_helper.h"

#include "agent/agent_folder.h"
#include "base/fd.h"
#include "spool/dotlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void agent_spool_helper_init(struct agent_spool_helper *helper, const struct account *account)
{
	*helper = (struct agent_spool_helper){.account = account, .folder = -1};
}

static const char *mailbox_path(const struct agent_spool_helper *helper)
{
	return strchr(helper->account->location, ':') + 1;
}

static const char *mailbox_name(const struct agent_spool_helper *helper)
{
	return strrchr(helper->account->location, '/') + 1;
}

static int lock_name(const struct agent_spool_helper *helper, char out[static NAME_MAX + 1])
{
	int len = snprintf(out, NAME_MAX + 1, "%s.lock", mailbox_name(helper));

	return len < 0 || len > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int open_folder(const struct agent_spool_helper *helper, int *folder)
{
	if (geteuid() != 0 || !*mailbox_name(helper))
		return -EACCES;
	return agent_folder_trusted(mailbox_path(helper), folder);
}

/* Only for a mailbox that is the user's own, or that is still to come. */
static int take_in(const struct agent_spool_helper *helper, int folder)
{
	char name[NAME_MAX + 1];
	struct stat st;
	int err = lock_name(helper, name);

	if (err < 0)
		return err;
	if (fstatat(folder, mailbox_name(helper), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? dotlock_take_at(folder, name, NULL) : -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != helper->account->uid)
		return -EACCES;
	return dotlock_take_at(folder, name, &st);
}

int agent_spool_helper_take(struct agent_spool_helper *helper)
{
	int folder;
	int err;

	if (helper->folder >= 0)
		return -EALREADY;
	err = open_folder(helper, &folder);
	if (err < 0)
		return err;
	err = take_in(helper, folder);
	if (err < 0)
		fd_close(&folder);
	else
		helper->folder = folder;
	return err;
}

int agent_spool_helper_release(struct agent_spool_helper *helper)
{
	char name[NAME_MAX + 1];
	int err;

	if (helper->folder < 0)
		return -ENOENT;
	err = lock_name(helper, name);
	if (err == 0)
		err = dotlock_release_at(helper->folder, name);
	fd_close(&helper->folder);
	return err;
}

void agent_spool_helper_done(struct agent_spool_helper *helper)
{
	(void)agent_spool_helper_release(helper);
}

/* In a setgid folder the file has the folder's group (mail), for the programs that rely on it. */
static int give(int folder, int fd, const struct account *account)
{
	struct stat st;
	bool shared;

	if (fstat(folder, &st) < 0)
		return -errno;
	shared = st.st_mode & S_ISGID;
	if (fchown(fd, account->uid, shared ? st.st_gid : account->gid) < 0 ||
		fchmod(fd, shared ? 0660 : 0600) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* The file gets its name when it is the user's already, so nobody ever finds one that is root's. */
static int create_whole(const struct agent_spool_helper *helper, int folder)
{
	char path[64];
	int fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = give(folder, fd, helper->account);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (err == 0 && linkat(AT_FDCWD, path, folder, mailbox_name(helper), AT_SYMLINK_FOLLOW) < 0)
		err = -errno;
	fd_close(&fd);
	return err;
}

static int create_plain(const struct agent_spool_helper *helper, int folder)
{
	const char *name = mailbox_name(helper);
	int fd = openat(folder, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = give(folder, fd, helper->account);
	if (err < 0)
		unlinkat(folder, name, 0);
	fd_close(&fd);
	return err;
}

static int create_file(const struct agent_spool_helper *helper, int folder)
{
	int err = create_whole(helper, folder);

	if (err == -EOPNOTSUPP || err == -EISDIR || err == -EINVAL || err == -ENOENT)
		err = create_plain(helper, folder);
	return err;
}

/* 0; or -ENOTEMPTY; or another -errno. */
static int check_empty(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int err;

	if (!dir) {
		err = -errno;
		fd_close(&copy);
		return err;
	}
	errno = 0;
	do {
		entry = readdir(dir);
	} while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	err = entry ? -ENOTEMPTY : -errno;
	closedir(dir);
	return err;
}

/* A Maildir is its owner's alone, whatever folder it is in. */
static int give_folder(int fd, const struct account *account)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 || st.st_mode & (S_IRWXG | S_IRWXO))
		return -EACCES;
	err = check_empty(fd);
	if (err < 0)
		return err;
	if (fchown(fd, account->uid, account->gid) < 0 || fchmod(fd, 0700) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/*
 * A folder can't be made without a name and given one later, as a file can. Where others than root
 * may rename what is in here (a group that may write, without the sticky bit) one of them can put
 * something else in its place before it is open. So what is open is looked at: only a folder that
 * is root's, closed to everybody else and empty is given away; nobody but root can have made such a
 * one, nor put anything into it. The worst that such a race comes to is that the user gets an empty
 * folder for which root had no use yet. Until fchown nobody else can enter it. A crash before that
 * leaves a folder of root's, which is refused from then on as somebody else's, and the log names
 * it.
 */
static int create_folder(const struct agent_spool_helper *helper, int folder)
{
	const char *name = mailbox_name(helper);
	int fd;
	int err;

	if (mkdirat(folder, name, 0700) < 0)
		return -errno;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = fd < 0 ? -errno : give_folder(fd, helper->account);
	if (err < 0)
		unlinkat(folder, name, AT_REMOVEDIR); /* if it is empty */
	fd_close(&fd);
	return err;
}

static bool is_maildir(const struct agent_spool_helper *helper)
{
	static const char prefix[] = "maildir:";

	return strncmp(helper->account->location, prefix, strlen(prefix)) == 0;
}

int agent_spool_helper_create(struct agent_spool_helper *helper)
{
	int folder;
	int err = open_folder(helper, &folder);

	if (err < 0)
		return err;
	err = is_maildir(helper) ? create_folder(helper, folder) : create_file(helper, folder);
	if (err == 0 && fsync(folder) < 0)
		err = -errno;
	fd_close(&folder);
	return err;
}

/*
 * agent_spool_helper - see agent_spool_helper.h.
 *
 * The most privileged code of all: root, in a folder that others may write to, asked by a process
 * that belongs to a user. The name is fixed before that process exists; the folder is reached by a
 * way that only root can have laid (agent_folder_trusted); nothing that is there already is
 * followed, opened, changed or given away.
 *
 * System calls: geteuid, fstatat, openat, fstat, fchown, fchmod, linkat, fsync, unlinkat, close;
 * those of agent_folder.c and spool/dotlock.h.
 */
#include "agent/agent_spool_helper.h"

#include "agent/agent_folder.h"
#include "base/fd.h"
#include "spool/dotlock.h"

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

int agent_spool_helper_create(struct agent_spool_helper *helper)
{
	int folder;
	int err = open_folder(helper, &folder);

	if (err < 0)
		return err;
	err = create_whole(helper, folder);
	if (err == -EOPNOTSUPP || err == -EISDIR || err == -EINVAL || err == -ENOENT)
		err = create_plain(helper, folder);
	if (err == 0 && fsync(folder) < 0)
		err = -errno;
	fd_close(&folder);
	return err;
}

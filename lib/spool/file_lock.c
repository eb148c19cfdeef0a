/* file_lock - see file_lock.h. */
#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int set(int fd, int command, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	int rc;

	do {
		rc = fcntl(fd, command, &lock);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/* A file system without OFD locks (EINVAL) gets the classic ones, for which nobody here opens a
 * file twice. */
static int set_either(int fd, short type)
{
	int err = set(fd, F_OFD_SETLK, type);

	return err == -EINVAL ? set(fd, F_SETLK, type) : err;
}

int file_lock_try(int fd)
{
	int err = set_either(fd, F_WRLCK);

	return err == -EACCES ? -EAGAIN : err;
}

int file_lock_try_shared(int fd)
{
	int err = set_either(fd, F_RDLCK);

	return err == -EACCES ? -EAGAIN : err;
}

void file_lock_release(int fd)
{
	set_either(fd, F_UNLCK);
}

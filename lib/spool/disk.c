/* disk - see disk.h. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int disk_sync(int fd)
{
	int rc;

	do {
		rc = fsync(fd);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

int disk_sync_data(int fd)
{
	int rc;

	do {
		rc = fdatasync(fd);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

int disk_truncate(int fd, uint64_t size)
{
	int rc;

	do {
		rc = ftruncate(fd, (off_t)size);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

int disk_reserve(int fd, uint64_t size)
{
	int err;

	do {
		err = posix_fallocate(fd, 0, (off_t)size);
	} while (err == EINTR);
	return -err;
}

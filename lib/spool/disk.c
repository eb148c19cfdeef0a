/* disk - see disk.h. */
#include "disk.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
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

int disk_sync_name(const char *path)
{
	int err = fd_sync_parent(path);

	return err == -EACCES ? 0 : err;
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

int disk_set_apart(int fd, uint64_t size)
{
	int rc;

	if (size == 0)
		return 0;
	do {
		rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 && errno != EOPNOTSUPP && errno != ENOSYS ? -errno : 0;
}

#define FREE_MIN 16 /* of so many blocks one must be free */

void disk_look_ahead(int fd, uint64_t from, uint64_t len)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == EXT4_SUPER_MAGIC &&
		fs.f_bavail >= fs.f_blocks / FREE_MIN)
		(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)len);
}

#define UNIT_MAX 65536

/* Where it can't be done at all (EOPNOTSUPP) that is said before anything else; to cut one octet
 * out (EINVAL) can be done nowhere. */
uint64_t disk_cut_unit(int fd)
{
	struct statvfs vfs;

	if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 1, 1) == 0 || errno != EINVAL)
		return 0;
	if (fstatvfs(fd, &vfs) < 0 || vfs.f_bsize < 512 || vfs.f_bsize > UNIT_MAX)
		return 0;
	return vfs.f_bsize;
}

int disk_cut(int fd, uint64_t at, uint64_t len)
{
	int rc;

	do {
		rc = fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, (off_t)at, (off_t)len);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

int disk_find_hole(int fd, uint64_t from, uint64_t *begin, uint64_t *end)
{
	struct stat st;
	off_t at;

	if (fstat(fd, &st) < 0)
		return -errno;
	at = lseek(fd, (off_t)from, SEEK_HOLE);
	if (at < 0 && errno != ENXIO) /* nothing is there */
		return -errno;
	*begin = at < 0 ? (uint64_t)st.st_size : (uint64_t)at;
	at = lseek(fd, (off_t)*begin, SEEK_DATA);
	if (at < 0 && errno != ENXIO)
		return -errno;
	*end = at < 0 ? (uint64_t)st.st_size : (uint64_t)at;
	return 0;
}

/* identity - see identity.h. */
#include "identity.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct identity look(int fd, const char *path)
{
	struct statx st;
	int64_t birth = 0;

	if (statx(fd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) < 0)
		return (struct identity){0};
	if (st.stx_mask & STATX_BTIME)
		birth = (int64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
	return (struct identity){.inode = st.stx_ino, .birth_ns = birth};
}

struct identity identity_of(int fd)
{
	return look(fd, "");
}

struct identity identity_of_path(const char *path)
{
	return look(AT_FDCWD, path);
}

bool identity_is_same(struct identity a, struct identity b)
{
	return a.inode == b.inode && a.birth_ns == b.birth_ns;
}

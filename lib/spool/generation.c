/* generation - see generation.h. */
#include "generation.h"

#include "session_lock.h"
#include "stamp.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int look(const char *state, const char *name, char path[static PATH_MAX], struct stat *st)
{
	int err = state_file_join(state, name, SESSION_LOCK, path);

	if (err)
		return err;
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int64_t generation_get(const char *state, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return look(state, name, path, &st) == 0 ? stamp_ns(&st.st_mtim) : 0;
}

/* A second more: no clock is asked, and some file systems know of nothing less. */
int generation_next(const char *state, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int err = look(state, name, path, &st);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

	if (err)
		return err;
	times[1] = st.st_mtim;
	times[1].tv_sec++;
	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

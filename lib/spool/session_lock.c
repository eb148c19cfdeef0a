/* session_lock - see session_lock.h. */
#include "session_lock.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/why.h"
#include "file_lock.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>

#define WAIT_MS  500
#define PAUSE_US 20000

static int take_within(int fd, int64_t deadline)
{
	int err;

	while ((err = file_lock_try(fd)) == -EAGAIN && clock_ms() < deadline)
		clock_sleep_jitter(PAUSE_US);
	return err;
}

int session_lock_take(const char *state, const char *mailbox, int *fd, struct why *why)
{
	char path[PATH_MAX];
	int err = state_file_path(state, mailbox, SESSION_LOCK, path);
	int lock;

	if (err)
		return why_errno(why, -err, mailbox, "session lock");
	lock = state_file_open(path, O_CREAT);
	if (lock < 0)
		return why_errno(why, -lock, path, "open");
	err = take_within(lock, clock_ms() + WAIT_MS);
	if (!err) {
		*fd = lock;
		return 0;
	}
	fd_close(&lock);
	if (err == -EAGAIN)
		return why_set(why, EBUSY, WHY_INUSE, "4.2.0",
			"%s: another session has this mailbox", mailbox);
	return why_errno(why, -err, path, "lock");
}

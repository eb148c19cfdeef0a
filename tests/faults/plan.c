/* plan - see plan.h. */
#include "plan.h"

#include "record.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(call) (1u << (call))
#define ANY       (BIT(CALL_COUNT) - 1)
#define ROOM                                                                                       \
	(BIT(CALL_CREATE) | BIT(CALL_WRITE) | BIT(CALL_TRUNCATE) | BIT(CALL_ALLOCATE) |            \
		BIT(CALL_SYNC) | BIT(CALL_RENAME) | BIT(CALL_LINK) | BIT(CALL_MKDIR) |             \
		BIT(CALL_CLOSE))
#define NEW_ROOM                                                                                   \
	(BIT(CALL_CREATE) | BIT(CALL_WRITE) | BIT(CALL_TRUNCATE) | BIT(CALL_ALLOCATE) |            \
		BIT(CALL_LINK) | BIT(CALL_MKDIR))
#define SLOW                                                                                       \
	(BIT(CALL_OPEN) | BIT(CALL_CREATE) | BIT(CALL_READ) | BIT(CALL_WRITE) |                    \
		BIT(CALL_TRUNCATE) | BIT(CALL_ALLOCATE) | BIT(CALL_SYNC) | BIT(CALL_LOCK))
#define MOVES (BIT(CALL_READ) | BIT(CALL_WRITE))

enum act { ACT_BEFORE, ACT_AFTER, ACT_HALF, ACT_SHORT, ACT_ONE, ACT_ERROR };

static const struct kind {
	const char *name;
	enum act act;
	int error;
	unsigned calls; /* that can go wrong in this way */
	bool stays;     /* all that follow, too */
	bool room;      /* only what needs new room */
} kinds[] = {
	{"before", ACT_BEFORE, 0, ANY, false, false},
	{"after", ACT_AFTER, 0, ANY, false, false},
	{"half", ACT_HALF, 0, BIT(CALL_WRITE), false, false},
	{"short", ACT_SHORT, 0, MOVES, false, false},
	{"one", ACT_ONE, 0, MOVES, false, false},
	{"ENOSPC", ACT_ERROR, ENOSPC, ROOM, false, false},
	{"ENOSPC+", ACT_ERROR, ENOSPC, ROOM, true, false},
	{"full", ACT_ERROR, ENOSPC, NEW_ROOM, true, true},
	{"EDQUOT", ACT_ERROR, EDQUOT, ROOM, false, false},
	{"EIO", ACT_ERROR, EIO, ANY, false, false},
	{"EIO+", ACT_ERROR, EIO, ANY, true, false},
	{"EINTR", ACT_ERROR, EINTR, SLOW, false, false},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static const struct kind *planned;
static unsigned long at;
static unsigned long calls;

__attribute__((constructor)) void plan_begin(void)
{
	const char *name = getenv("FAULTS_KIND");
	const char *number = getenv("FAULTS_AT");

	planned = NULL;
	calls = 0;
	for (size_t i = 0; name && i < KINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			planned = &kinds[i];
	}
	at = number ? strtoul(number, NULL, 10) : 0;
}

static void die(void)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	for (;;)
		pause();
}

static bool is_fit(const struct kind *kind, enum call call, size_t len, bool grows)
{
	if (!(kind->calls & BIT(call)) || (kind->room && !grows))
		return false;
	return (kind->act != ACT_HALF && kind->act != ACT_SHORT && kind->act != ACT_ONE) || len > 1;
}

/* The kinds of fault that are possible at this call, for the log. */
static void tell(enum call call, const char *name, int fd, const char *path, size_t len, bool grows)
{
	char fit[128] = "";

	for (size_t i = 0; i < KINDS; i++) {
		if (is_fit(&kinds[i], call, len, grows))
			strcat(strcat(fit, " "), kinds[i].name);
	}
	record_call(calls, name, fd, path, len, fit);
}

static struct verdict judge(const struct kind *kind, size_t len)
{
	struct verdict verdict = {.len = len};

	switch (kind->act) {
	case ACT_BEFORE:
		die();
		break;
	case ACT_AFTER:
		verdict.is_last = true;
		break;
	case ACT_HALF:
		verdict.is_last = true;
		verdict.len = len / 2;
		break;
	case ACT_SHORT:
		verdict.len = len / 2;
		break;
	case ACT_ONE:
		verdict.len = 1;
		break;
	case ACT_ERROR:
		verdict.error = kind->error;
		break;
	}
	return verdict;
}

struct verdict plan_ask(
	enum call call, const char *name, int fd, const char *path, size_t len, bool grows)
{
	const struct kind *kind = planned;

	calls++;
	if (record_is_on())
		tell(call, name, fd, path, len, grows);
	if (!kind || calls < at || (calls > at && !kind->stays) || !is_fit(kind, call, len, grows))
		return (struct verdict){.len = len};
	return judge(kind, len);
}

void plan_made(const struct verdict *verdict)
{
	if (verdict->is_last)
		die();
}

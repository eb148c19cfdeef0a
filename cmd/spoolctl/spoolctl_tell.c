/* spoolctl_tell - failures, for a person and as an exit status. */
#include "spoolctl.h"
#include "spoolctl_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

const char *const spoolctl_uidls[] = {
	[SPOOL_UIDL_HASH] = "hash",
	[SPOOL_UIDL_POPA3D] = "popa3d",
	[SPOOL_UIDL_DOVECOT] = "dovecot",
	[SPOOL_UIDL_X_UIDL] = "x-uidl",
	NULL,
};

static int status_of(int err, const struct why *why)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return EX_NOPERM;
	case ENOENT:
		return EX_NOINPUT;
	case EBADMSG:
	case EISDIR:
	case ELOOP:
	case EMLINK:
	case ENOTDIR:
	case ENXIO:
		return EX_DATAERR;
	case EEXIST:
		return EX_CANTCREAT;
	case ENODATA:
	case EPIPE:
		return EX_IOERR;
	case EINVAL:
		return EX_CONFIG;
	case EOPNOTSUPP:
		return EX_UNAVAILABLE;
	default:
		return why->class == WHY_PERM ? EX_DATAERR : EX_TEMPFAIL;
	}
}

static void say(const char *subject, const char *text)
{
	fputs("spoolctl: ", stderr);
	if (subject) {
		spoolctl_text_put(stderr, subject, strlen(subject));
		fputs(": ", stderr);
	}
	spoolctl_text_put(stderr, text, strlen(text));
	putc('\n', stderr);
}

int spoolctl_fail(int err, const struct why *why)
{
	say(NULL, why->text);
	return status_of(err, why);
}

int spoolctl_refuse(int status, const char *subject, const char *text)
{
	say(subject, text);
	return status;
}

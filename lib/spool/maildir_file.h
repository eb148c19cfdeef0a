/* maildir_file - one message's file, read from begin to end: is it what its name says? */
#ifndef SPOOL_MAILDIR_FILE_H
#define SPOOL_MAILDIR_FILE_H

#include "maildir_name.h"

#include <sys/stat.h>

struct maildir_file {
	uint64_t size;
	uint64_t wire; /* octets as POP3 sends them */
	uint64_t nuls; /* in the longest row of them, if that is of a crash's making; 0: none is */
	bool has_header;
};

/* What is in the file, which st is of. 0; -ESTALE: it became shorter; or another -errno. */
int maildir_file_read(int fd, const struct stat *st, struct maildir_file *file);

/* Does the name, which tells sizes or not, tell a wrong one? */
bool maildir_file_is_misnamed(const struct maildir_file *file, const struct maildir_name *name);

/* The name with the sizes that it tells put right. False: it would be too long. */
bool maildir_file_name(
	const struct maildir_file *file, const char *name, char out[static NAME_MAX + 1]);

#endif

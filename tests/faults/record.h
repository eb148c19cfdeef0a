/*
 * record - all that this process changes on disk, written to the file that FAULTS_LOG names.
 *
 * A record is a line of fields with tabs between them, and the octets of a write behind it. Files
 * are known by their inodes, so a name is just one more thing that changes. disk.py reads this.
 *
 *	w INODE OFFSET LENGTH		octets follow
 *	t INODE SIZE
 *	a INODE OFFSET LENGTH MODE	fallocate
 *	s INODE				fsync or fdatasync, of folders, too
 *	n INODE PATH			created
 *	d INODE PATH			folder made
 *	l INODE PATH			one more name
 *	u INODE PATH			name removed
 *	r INODE FROM TO			renamed
 *	p STATUS			the process says what came of it
 *	c NUMBER NAME LENGTH PATH KINDS	a call is about to be made; faults that can hit it
 *
 * FAULTS_LIE=PATTERN (fnmatch(3)): the syncs of the files whose path is like that are not recorded:
 * so the harness shows that it would notice if they were missing.
 */
#ifndef FAULTS_RECORD_H
#define FAULTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Open what FAULTS_LOG names, if that is set; see plan_begin(). */
void record_begin(void);

bool record_is_on(void);

/* statx(2), which the programs under test use for nothing that is counted: so strace tells these
 * from theirs. */
bool record_look(int dirfd, const char *path, int flags, struct statx *st);

void record_call(unsigned long number, const char *name, int fd, const char *path, size_t len,
	const char *kinds);
void record_write(int fd, const void *data, size_t len, uint64_t offset);
void record_truncate(int fd, uint64_t size);
void record_allocate(int fd, int mode, uint64_t offset, uint64_t len);
void record_sync(int fd);

/* Of names: `what` is n, d or l. The file is the one that the name has now. */
void record_name(char what, int dirfd, const char *path);
void record_rename(int from_dirfd, const char *from, int to_dirfd, const char *to);

/* The inode that a name stands for, 0: none. Asked before it goes. */
uint64_t record_inode(int dirfd, const char *path);
void record_unlink(uint64_t inode, int dirfd, const char *path);

#endif

/* mbox_seam - where others have gone on writing a mailbox. */
#ifndef SPOOL_MBOX_SEAM_H
#define SPOOL_MBOX_SEAM_H

#include <stdint.h>

/* Does a message begin at this offset (above 0) of the file, or behind empty lines there? 1, 0 or
 * -errno. */
int mbox_seam_is(int fd, uint64_t offset);

#endif

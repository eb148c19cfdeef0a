/* spoolctl_progress - a bar on the terminal for what takes long. */
#ifndef CMD_SPOOLCTL_PROGRESS_H
#define CMD_SPOOLCTL_PROGRESS_H

#include <stdint.h>

/* So much of it is done. Draws on stderr if that is a terminal, at most ten times a second, and
 * nothing within the first second. Zeros are a good begin. */
struct spoolctl_progress {
	int64_t began_ms;
	int64_t drawn_ms;
};

void spoolctl_progress_draw(struct spoolctl_progress *progress, uint64_t done, uint64_t size);

/* Take the bar away, before anything else is printed. */
void spoolctl_progress_clear(struct spoolctl_progress *progress);

#endif

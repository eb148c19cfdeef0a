/* spoolctl_progress - see spoolctl_progress.h. */
#include "spoolctl_progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH    40
#define FIRST_MS 1000
#define PAUSE_MS 100

void spoolctl_progress_draw(struct spoolctl_progress *progress, uint64_t done, uint64_t size)
{
	static const char full[WIDTH + 1] = "########################################";
	int64_t now = clock_ms();
	int part = size > 0 ? (int)(done / (size / WIDTH + 1)) : 0;

	if (progress->began_ms == 0)
		progress->began_ms = now;
	if (now < progress->began_ms + FIRST_MS || now < progress->drawn_ms + PAUSE_MS ||
		!isatty(STDERR_FILENO))
		return;
	progress->drawn_ms = now;
	fprintf(stderr, "\r[%-*.*s] %3u%%", WIDTH, part, full,
		(unsigned)(size > 0 ? (double)done * 100 / (double)size : 100));
}

void spoolctl_progress_clear(struct spoolctl_progress *progress)
{
	if (progress->drawn_ms > 0)
		fprintf(stderr, "\r%*s\r", WIDTH + 7, "");
	progress->drawn_ms = 0;
}

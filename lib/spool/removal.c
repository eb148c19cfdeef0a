/* removal - see removal.h. */
#include "removal.h"

#include "state_draft.h"
#include "state_file.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

static const char *const suffixes[] = {REMOVAL_CUT, REMOVAL_MOVE, REMOVAL_MEND};

#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

bool removal_is_begun(const char *state, const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < SUFFIXES; i++) {
		if (state_file_join(state, name, suffixes[i], path) < 0 ||
			access(path, F_OK) == 0 || errno != ENOENT)
			return true;
	}
	return false;
}

void removal_drop_drafts(const char *state, const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < SUFFIXES; i++) {
		if (state_file_join(state, name, suffixes[i], path) == 0)
			state_draft_drop(path);
	}
}

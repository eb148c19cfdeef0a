/*
 * folder - a folder of the process's own, for targets whose code works on files. It is in memory
 * where that is possible, and goes when the process ends.
 */
#ifndef TESTS_FUZZ_FOLDER_H
#define TESTS_FUZZ_FOLDER_H

#include "fuzz.h"

#include <limits.h>

/* "FOLDER/name", in static storage until the next call but three; "" is the folder itself. */
const char *folder_path(const char *name);

/* Make or overwrite the file, which stays the same file if it is there. */
void folder_put(const char *name, const void *data, size_t len);

/* All of the file; false if there is none. */
bool folder_get(const char *name, struct fuzz_sink *out);

/* Make this folder inside, or remove all that is in it. */
void folder_clear(const char *name);

/* Is there a file in this folder inside whose name has that text in it? */
bool folder_has(const char *name, const char *text);

#endif

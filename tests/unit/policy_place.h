/* policy_place - a folder for tables, in memory where that can be had. */
#ifndef TESTS_POLICY_PLACE_H
#define TESTS_POLICY_PLACE_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char table_path[128];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/dev/shm/test_policy.XXXXXX");
	if (!mkdtemp(folder)) {
		strcpy(folder, "/tmp/test_policy.XXXXXX");
		if (!mkdtemp(folder))
			return -1;
	}
	snprintf(table_path, sizeof(table_path), "%s/failures", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

__attribute__((unused)) static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

__attribute__((unused)) static void write_file(const char *name, const void *data, size_t len)
{
	FILE *file = fopen(path_of(name), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path_of(name), 0600), 0);
}

#endif

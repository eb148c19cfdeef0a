/*
 * replay - main() of a fuzz target that is built without libFuzzer: run it over each file that is
 * named, and over each file in the folders that are.
 *
 * What is broken ends the process. Exit status 1: an input can't be read, or there was none.
 */
#include "fuzz.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (16 << 20)

static int run_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(INPUT_MAX);
	size_t len = file && text ? fread(text, 1, INPUT_MAX, file) : 0;
	struct fuzz_text input;

	if (!file || !text || ferror(file)) {
		perror(path);
		exit(1);
	}
	fclose(file);
	input = fuzz_copy(text, len); /* just as large, so that the sanitizer sees its end */
	free(text);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)input.at, input.len);
	fuzz_free(&input);
	return 1;
}

int main(int argc, char **argv)
{
	FTS *tree = argc > 1 ? fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	int count = 0;
	FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_F)
			count += run_file(entry->fts_path);
		else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP) {
			fprintf(stderr, "%s: neither a file nor a folder\n", entry->fts_path);
			return 1;
		}
	}
	if (tree)
		fts_close(tree);
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}

/* folder - see folder.h. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[PATH_MAX];

static void remove_all(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char inside[PATH_MAX];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		must(snprintf(inside, PATH_MAX, "%s/%s", path, entry->d_name) < PATH_MAX);
		if (unlink(inside) < 0) {
			remove_all(inside);
			rmdir(inside);
		}
	}
	if (dir)
		closedir(dir);
}

static void remove_base(void)
{
	remove_all(base);
	rmdir(base);
}

static void make_base(void)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !*parent)
		parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	must(snprintf(base, sizeof(base), "%s/pillarbox-fuzz.XXXXXX", parent) < (int)sizeof(base));
	must(mkdtemp(base) != NULL);
	atexit(remove_base);
}

const char *folder_path(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	if (!*base)
		make_base();
	must(snprintf(path, PATH_MAX, "%s%s%s", base, *name ? "/" : "", name) < PATH_MAX);
	return path;
}

void folder_put(const char *name, const void *data, size_t len)
{
	int fd = open(folder_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

bool folder_get(const char *name, struct fuzz_sink *out)
{
	int fd = open(folder_path(name), O_RDONLY | O_CLOEXEC);
	char text[65536];
	ssize_t len;

	must(fd >= 0 || errno == ENOENT);
	if (fd < 0)
		return false;
	fuzz_add(out, "", 0);
	while ((len = read(fd, text, sizeof(text))) > 0)
		fuzz_add(out, text, (size_t)len);
	must(len == 0);
	close(fd);
	return true;
}

void folder_clear(const char *name)
{
	const char *path = folder_path(name);

	if (mkdir(path, 0700) < 0)
		remove_all(path);
}

bool folder_has(const char *name, const char *text)
{
	DIR *dir = opendir(folder_path(name));
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir)))
		found |= strstr(entry->d_name, text) != NULL;
	if (dir)
		closedir(dir);
	return found;
}

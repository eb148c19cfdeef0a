/*
 * maildir_inspect - see maildir_inspect.h.
 *
 * The names are read once and sorted; then each file is opened, read, and judged. Others rename and
 * remove files meanwhile: what is no longer there under its name is left out.
 *
 * A repair removes nothing and writes to no file, since a Maildir's files keep their octets for
 * good. It renames: in one step, to what no file is called, and on disk before that is told.
 */
#include "maildir_inspect.h"

#include "base/fd.h"
#include "disk.h"
#include "maildir.h"
#include "maildir_file.h"
#include "maildir_removal.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STALE (36L * 60 * 60) /* maildir(5) */

#define FILE_MAX (sizeof("new/") + NAME_MAX)

static const char *const folders[] = {
	[MAILDIR_NEW] = "new", [MAILDIR_CUR] = "cur", [MAILDIR_TMP] = "tmp"};

struct item {
	enum maildir_folder folder;
	char *name;
	uint64_t size;
};

struct inspection {
	struct maildir maildir;
	const struct spool_inspector *inspector;
	struct spool_report *report;
	bool repairs;
	time_t now;
	struct item *items; /* messages' files, in the order of their base names */
	size_t count;
	size_t room;
	uint64_t octets; /* of all of them */
	uint64_t done;
};

static void tell(struct inspection *inspection, struct spool_finding *finding, bool is_damage)
{
	const struct spool_inspector *inspector = inspection->inspector;
	struct spool_report *report = inspection->report;

	finding->is_damage = is_damage;
	if (is_damage)
		report->damages++;
	else
		report->others++;
	report->mended += is_damage && finding->mending != SPOOL_MENDING_NONE;
	if (inspector->found)
		inspector->found(inspector->context, finding);
}

static void file_name(char out[static FILE_MAX], enum maildir_folder folder, const char *name)
{
	snprintf(out, FILE_MAX, "%s/%s", folders[folder], name);
}

static void tell_file(struct inspection *inspection, enum maildir_folder folder, const char *name,
	enum spool_finding_kind kind, bool is_damage)
{
	char file[FILE_MAX];
	struct spool_finding finding = {.kind = kind, .file = file};

	file_name(file, folder, name);
	tell(inspection, &finding, is_damage);
}

static int add(struct inspection *inspection, enum maildir_folder folder, const char *name,
	const struct stat *st)
{
	size_t room = inspection->room ? inspection->room * 2 : 64;
	struct item *items = inspection->items;

	if (inspection->count == inspection->room) {
		items = reallocarray(items, room, sizeof(*items));
		if (!items)
			return -ENOMEM;
		inspection->items = items;
		inspection->room = room;
	}
	items[inspection->count] = (struct item){
		.folder = folder, .name = strdup(name), .size = (uint64_t)st->st_size};
	if (!items[inspection->count].name)
		return -ENOMEM;
	inspection->count++;
	inspection->octets += (uint64_t)st->st_size;
	return 0;
}

/* Names that begin with "." are nobody's message. */
static int take_name(void *context, enum maildir_folder folder, const char *name)
{
	struct inspection *inspection = context;
	struct stat st;

	if (name[0] == '.')
		return 0;
	if (fstatat(inspection->maildir.folder[folder], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode))
		tell_file(inspection, folder, name, SPOOL_FINDING_STRANGE, false);
	else if (st.st_uid != inspection->maildir.place->owner)
		tell_file(inspection, folder, name, SPOOL_FINDING_FOREIGN, true);
	else
		return add(inspection, folder, name, &st);
	return 0;
}

static int take_tmp(void *context, enum maildir_folder folder, const char *name)
{
	struct inspection *inspection = context;
	time_t before = inspection->now - STALE;
	struct stat st;

	if (name[0] == '.' ||
		fstatat(inspection->maildir.folder[folder], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	inspection->report->in_tmp++;
	if (st.st_atime < before && st.st_mtime < before && st.st_ctime < before)
		tell_file(inspection, folder, name, SPOOL_FINDING_STALE_TMP, false);
	return 0;
}

static int compare_items(const void *a, const void *b)
{
	const struct item *one = a;
	const struct item *other = b;
	size_t len = strcspn(one->name, ":");
	size_t other_len = strcspn(other->name, ":");
	int order = memcmp(one->name, other->name, len < other_len ? len : other_len);

	if (order == 0)
		order = (len > other_len) - (len < other_len);
	return order ? order : (int)one->folder - (int)other->folder;
}

static bool is_twin(const struct inspection *inspection, size_t n)
{
	const char *name = inspection->items[n].name;
	const char *before = n > 0 ? inspection->items[n - 1].name : "";
	size_t len = strcspn(name, ":");

	return len == strcspn(before, ":") && memcmp(name, before, len) == 0;
}

static int read_names(struct inspection *inspection)
{
	const struct maildir *maildir = &inspection->maildir;
	int err = 0;

	for (int i = MAILDIR_NEW; !err && i <= MAILDIR_TMP; i++) {
		struct spool_finding missing = {.kind = SPOOL_FINDING_NO_FOLDER,
			.mending = SPOOL_MENDING_BY_OPENING,
			.file = folders[i]};

		if (maildir->folder[i] < 0)
			tell(inspection, &missing, false);
		else
			err = maildir_each(maildir, (enum maildir_folder)i,
				i == MAILDIR_TMP ? take_tmp : take_name, inspection);
	}
	if (inspection->count > 0)
		qsort(inspection->items, inspection->count, sizeof(*inspection->items),
			compare_items);
	return err;
}

/* Its time, if the name says none. */
static void count_time(struct inspection *inspection, time_t named, const struct stat *st)
{
	struct spool_report *report = inspection->report;
	time_t time = named ? named : st->st_mtime;

	if (report->oldest == 0 || time < report->oldest)
		report->oldest = time;
	if (time > report->newest)
		report->newest = time;
}

/* The wrong name is told, and the right one; a repair renames the file first, if it can. */
static int put_right(
	struct inspection *inspection, const struct item *item, const struct maildir_file *file)
{
	char name[NAME_MAX + 1];
	char old[FILE_MAX], new[FILE_MAX];
	struct spool_finding finding = {.kind = SPOOL_FINDING_SIZE,
		.length = file->size,
		.mending = SPOOL_MENDING_RENAMED,
		.file = old,
		.renamed = new};
	bool can = maildir_file_name(file, item->name, name);
	int err = 0;

	file_name(old, item->folder, item->name);
	file_name(new, item->folder, name);
	if (can && inspection->repairs) {
		can = maildir_move(&inspection->maildir, item->folder, item->name, item->folder,
			      name) == 0;
		err = can ? disk_sync(inspection->maildir.folder[item->folder]) : 0;
	}
	if (!can) {
		finding.mending = SPOOL_MENDING_NONE;
		finding.renamed = NULL;
	}
	if (!err)
		tell(inspection, &finding, true);
	return err;
}

static int judge(struct inspection *inspection, const struct item *item, const struct stat *st,
	const struct maildir_file *file)
{
	struct maildir_name name = {0};
	bool is_named = maildir_name_parse(item->name, strlen(item->name), &name);
	char path[FILE_MAX];
	struct spool_finding nuls = {.kind = SPOOL_FINDING_NUL, .length = file->nuls, .file = path};

	inspection->report->begins++;
	inspection->report->size += file->size;
	inspection->report->in_new += item->folder == MAILDIR_NEW;
	count_time(inspection, (time_t)name.seconds, st);
	file_name(path, item->folder, item->name);
	if (file->size == 0)
		tell_file(inspection, item->folder, item->name, SPOOL_FINDING_EMPTY, true);
	else if (!file->has_header)
		tell_file(inspection, item->folder, item->name, SPOOL_FINDING_NO_HEADER, false);
	if (file->nuls > 0)
		tell(inspection, &nuls, true);
	return is_named && maildir_file_is_misnamed(file, &name) ? put_right(inspection, item, file)
								 : 0;
}

/* 0; -ENOENT: somebody has renamed or removed it; or another -errno. */
static int read_item(const struct inspection *inspection, const struct item *item, struct stat *st,
	struct maildir_file *file)
{
	int fd;
	int err;

	do {
		fd = openat(inspection->maildir.folder[item->folder], item->name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -errno;
	err = fstat(fd, st) < 0 ? -errno : 0;
	if (!err)
		err = maildir_file_read(fd, st, file);
	fd_close(&fd);
	return err;
}

static int inspect_item(struct inspection *inspection, size_t n)
{
	const struct spool_inspector *inspector = inspection->inspector;
	const struct item *item = &inspection->items[n];
	struct maildir_file file = {0};
	struct stat st;
	int err = read_item(inspection, item, &st, &file);

	if (err == -ENOENT)
		return 0;
	if (err == -ENOMEM || err == -EMFILE || err == -ENFILE)
		return err;
	if (is_twin(inspection, n))
		tell_file(inspection, item->folder, item->name, SPOOL_FINDING_TWIN, false);
	if (err)
		tell_file(inspection, item->folder, item->name, SPOOL_FINDING_UNREADABLE, true);
	err = err ? 0 : judge(inspection, item, &st, &file);
	inspection->done += item->size;
	if (inspector->progress)
		inspector->progress(inspector->context, inspection->done, inspection->octets);
	return err;
}

static int inspect_files(struct inspection *inspection)
{
	int err = read_names(inspection);

	for (size_t n = 0; !err && n < inspection->count; n++)
		err = inspect_item(inspection, n);
	for (size_t n = 0; n < inspection->count; n++)
		free(inspection->items[n].name);
	free(inspection->items);
	inspection->items = NULL;
	return err;
}

static bool is_unfinished(const struct maildir *maildir)
{
	char path[PATH_MAX];

	return state_file_path(maildir->place->state, maildir->path, "removal", path) == 0 &&
	       access(path, F_OK) == 0;
}

/* What whoever opens the Maildir does first. */
static int mend_by_opening(const struct maildir *looked, struct why *why)
{
	struct maildir maildir;
	int err = maildir_open(&maildir, looked->place, looked->path, why);

	if (err)
		return err == -ENOENT ? why_errno(why, ENOENT, looked->path, "open") : err;
	err = maildir_removal_recover(&maildir, why);
	maildir_close(&maildir);
	return err;
}

static int inspect(struct inspection *inspection, struct why *why)
{
	struct spool_finding unfinished = {
		.kind = SPOOL_FINDING_UNFINISHED, .mending = SPOOL_MENDING_BY_OPENING};
	struct maildir *maildir = &inspection->maildir;
	bool was_unfinished = is_unfinished(maildir);
	int err = inspection->repairs ? mend_by_opening(maildir, why) : 0;

	inspection->report->exists = true;
	inspection->report->is_maildir = true;
	if (err)
		return err;
	err = inspect_files(inspection);
	if (err)
		return why_errno(why, -err, maildir->path, "read its messages");
	if (was_unfinished)
		tell(inspection, &unfinished, false);
	return 0;
}

static int run(const struct spool_place *place, const char *path, bool repairs,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why)
{
	struct inspection inspection = {
		.inspector = inspector, .report = report, .repairs = repairs, .now = time(NULL)};
	int err = maildir_look(&inspection.maildir, place, path, why);

	*report = (struct spool_report){0};
	if (err)
		return err == -ENOENT ? 0 : err;
	err = inspect(&inspection, why);
	maildir_close(&inspection.maildir);
	return err;
}

int maildir_inspect(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why)
{
	return run(place, path, false, inspector, report, why);
}

int maildir_repair(const struct spool_place *place, const char *path,
	const struct spool_inspector *inspector, struct spool_report *report, struct why *why)
{
	return run(place, path, true, inspector, report, why);
}

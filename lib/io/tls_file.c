/*
 * tls_file - see tls_file.h. A FIFO or device in the file's place must not hang a session, and no
 * file may fill the memory. What is checked of the content is what costs nothing; the rest is
 * GnuTLS's, later.
 */
#include "io/tls_file.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS "4.7.0" /* RFC 3463 3.8 */

static int refuse(struct why *why, const char *path, const char *what)
{
	return why_set(why, EINVAL, WHY_TEMP, STATUS, "%s: %s", path, what);
}

static bool has(const struct tls_file *file, const char *text)
{
	return memmem(file->at, file->len, text, strlen(text)) != NULL;
}

static int check_content(const struct tls_file *file, enum tls_file_kind kind, struct why *why)
{
	if (file->len == 0)
		return refuse(why, file->path, "empty");
	if (kind == TLS_FILE_CERTIFICATE) {
		if (has(file, "-----BEGIN CERTIFICATE-----") ||
			has(file, "-----BEGIN X509 CERTIFICATE-----"))
			return 0;
		return refuse(why, file->path, "no certificate in it (PEM)");
	}
	/* PKCS #8 says it in the label, the older form in a header (RFC 1421 section 4.6.1.1). */
	if (has(file, "ENCRYPTED PRIVATE KEY-----") || has(file, "Proc-Type: 4,ENCRYPTED"))
		return refuse(why, file->path,
			"the key is encrypted, and nobody is there to give a passphrase");
	if (!has(file, "PRIVATE KEY-----"))
		return refuse(why, file->path, "no private key in it (PEM)");
	return 0;
}

/* What the file's inode tells. OpenSSH refuses such keys, too: others may have it by now. */
static int check_stamp(const struct tls_file *file, enum tls_file_kind kind, struct why *why)
{
	if (!S_ISREG(file->stamp.st_mode))
		return refuse(why, file->path, "not a regular file");
	if (file->stamp.st_size > (off_t)TLS_FILE_MAX)
		return refuse(why, file->path, "larger than 256 KB");
	if (kind == TLS_FILE_KEY && (file->stamp.st_mode & S_IRWXO))
		return refuse(why, file->path,
			"everybody may use the key; take it from others (chmod o=)");
	return 0;
}

static int read_all(struct tls_file *file, int fd, struct why *why)
{
	size_t size = (size_t)file->stamp.st_size;
	ssize_t n;

	file->at = malloc(size + 1);
	if (!file->at)
		return why_errno(why, ENOMEM, file->path, "read");
	n = fd_pread(fd, file->at, size + 1, 0);
	if (n < 0)
		return why_errno(why, (int)-n, file->path, "read");
	file->len = (size_t)n;
	if (file->len != size)
		return why_errno(why, EAGAIN, file->path, "it changed while it was read");
	return 0;
}

int tls_file_read(struct tls_file *file, const char *path, enum tls_file_kind kind, struct why *why)
{
	int fd;
	int err = 0;

	memset(file, 0, sizeof(*file));
	if (snprintf(file->path, sizeof(file->path), "%s", path) >= (int)sizeof(file->path))
		return why_errno(why, ENAMETOOLONG, path, "open");
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return why_errno(why, errno, path, "open");
	if (fstat(fd, &file->stamp) < 0)
		err = why_errno(why, errno, path, "stat");
	if (!err)
		err = check_stamp(file, kind, why);
	if (!err)
		err = read_all(file, fd, why);
	if (!err)
		err = check_content(file, kind, why);
	if (err < 0)
		tls_file_wipe(file);
	fd_close(&fd);
	return err;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool tls_file_is_stale(const struct tls_file *file, const char *path)
{
	const struct stat *old = &file->stamp;
	struct stat st;

	return strcmp(file->path, path) != 0 || stat(path, &st) < 0 || st.st_dev != old->st_dev ||
	       st.st_ino != old->st_ino || st.st_size != old->st_size ||
	       !is_same_time(&st.st_mtim, &old->st_mtim) ||
	       !is_same_time(&st.st_ctim, &old->st_ctim);
}

void tls_file_wipe(struct tls_file *file)
{
	if (file->at)
		explicit_bzero(file->at, file->len);
	free(file->at);
	file->at = NULL;
	file->len = 0;
}

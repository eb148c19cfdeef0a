/* maildir_name - see maildir_name.h. */
#include "maildir_name.h"

#include "base/num.h"

#include <sha256.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define UIDL_MAX   70 /* RFC 1939 section 7 */
#define HASH_BYTES 16
#define HOST_MAX   64 /* octets of the host's name in a file's */

/* Digits, and nothing else, up to `end`; 0 if it isn't so or they are too many. */
static uint64_t number_before(const char *text, const char *end)
{
	uint64_t number = 0;

	return num_parse(text, (size_t)(end - text), UINT64_MAX, &number) == 0 ? number : 0;
}

static const char *end_of_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static void parse_time(const char *base, const char *end, struct maildir_name *out)
{
	const char *dot = end_of_digits(base, end);

	if (dot == end || *dot != '.')
		return;
	out->seconds = number_before(base, dot);
	if (end - dot > 2 && dot[1] == 'M')
		out->microseconds = number_before(dot + 2, end_of_digits(dot + 2, end));
}

/* A field between two commas. */
static void parse_field(const char *field, size_t len, struct maildir_name *out)
{
	if (len <= 2 || field[1] != '=')
		return;
	if (field[0] == 'S')
		out->has_size = num_parse(field + 2, len - 2, INT64_MAX, &out->size) == 0;
	else if (field[0] == 'U')
		out->has_uidl = true;
	else if (field[0] == 'W')
		out->has_wire = num_parse(field + 2, len - 2, INT64_MAX, &out->wire) == 0;
}

static void parse_fields(const char *base, const char *end, struct maildir_name *out)
{
	const char *comma = memchr(base, ',', (size_t)(end - base));

	while (comma) {
		const char *field = comma + 1;

		comma = memchr(field, ',', (size_t)(end - field));
		parse_field(field, (size_t)((comma ? comma : end) - field), out);
	}
}

bool maildir_name_is_base(const char *base, size_t len)
{
	return len > 0 && len <= NAME_MAX && base[0] != '.' && !memchr(base, '/', len) &&
	       !memchr(base, ':', len) && !memchr(base, '\0', len);
}

bool maildir_name_parse(const char *name, size_t len, struct maildir_name *out)
{
	const char *colon = memchr(name, ':', len);
	size_t base_len = colon ? (size_t)(colon - name) : len;

	if (len > NAME_MAX || !maildir_name_is_base(name, base_len) || memchr(name, '/', len))
		return false;
	*out = (struct maildir_name){.base_len = base_len};
	parse_time(name, name + base_len, out);
	parse_fields(name, name + base_len, out);
	return true;
}

/* Each octet of the file is sent; each may be an LF that gets a CR; the last line may lack its end.
 */
bool maildir_name_is_plausible(const struct maildir_name *name, uint64_t st_size)
{
	return name->has_size && name->has_wire && name->size == st_size && name->wire >= st_size &&
	       name->wire / 2 <= st_size + 1;
}

static bool is_sayable(const char *base, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (base[i] < 0x21 || base[i] > 0x7e)
			return false;
	}
	return len <= UIDL_MAX;
}

static int digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* One character of what stands behind ",U="; its value, or -1: it is none. */
static int take_character(const char **at, const char *end)
{
	int c = (unsigned char)*(*at)++;

	if (c == '%') {
		if (end - *at < 2 || digit((*at)[0]) < 0 || digit((*at)[1]) < 0)
			return -1;
		c = digit((*at)[0]) * 16 + digit((*at)[1]);
		*at += 2;
	}
	return c < 0x21 || c > 0x7e ? -1 : c;
}

/* What stands behind the last ",U=", if it is a unique-id. */
static bool take_uidl(const char *base, size_t len, char out[static SPOOL_UIDL_SIZE])
{
	char made[SPOOL_UIDL_SIZE];
	const char *end = base + len;
	const char *at;
	size_t begin = len;
	size_t made_len = 0;

	while (begin > 0 && (len - begin < 3 || memcmp(base + begin, ",U=", 3) != 0))
		begin--;
	if (begin == 0)
		return false;
	for (at = base + begin + 3; at < end; made_len++) {
		int c = made_len < UIDL_MAX ? take_character(&at, end) : -1;

		if (c < 0)
			return false;
		made[made_len] = (char)c;
	}
	made[made_len] = '\0';
	memcpy(out, made, made_len + 1);
	return made_len > 0;
}

bool maildir_name_add_uidl(char name[static NAME_MAX + 1], const char *uidl)
{
	char made[NAME_MAX + 1];
	size_t len = strlen(name) + 3;

	if (len + 3 * strlen(uidl) > NAME_MAX - 16) /* flags */
		return false;
	memcpy(made, name, len - 3);
	snprintf(made + len - 3, 4, ",U=");
	for (; *uidl; uidl++) {
		bool plain = !strchr("%/:,", *uidl);

		len += (size_t)snprintf(made + len, sizeof(made) - len, plain ? "%c" : "%%%02X",
			(unsigned char)*uidl);
	}
	memcpy(name, made, len + 1);
	return true;
}

void maildir_name_uidl(
	const char *base, size_t len, uint64_t twin, char out[static SPOOL_UIDL_SIZE])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	if (twin == 0 && take_uidl(base, len, out))
		return;
	if (twin == 0 && is_sayable(base, len)) {
		memcpy(out, base, len);
		out[len] = '\0';
		return;
	}
	SHA256_Init(&sha);
	SHA256_Update(&sha, (const uint8_t *)base, len);
	if (twin)
		SHA256_Update(&sha, (const uint8_t *)&twin, sizeof(twin));
	SHA256_Final(digest, &sha);
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* This host's name, as it may stand in a file's: others take "," and ":" for what is behind it. */
static void put_host(char out[static 4 * HOST_MAX + 1])
{
	char host[HOST_MAX + 1] = "";

	if (gethostname(host, HOST_MAX) < 0 || !*host)
		snprintf(host, sizeof(host), "localhost");
	for (const char *at = host; *at; at++) {
		bool plain = *at > ' ' && *at < 0x7f && !strchr("/:,\\", *at);

		out += snprintf(out, 5, plain ? "%c" : "\\%03o", (unsigned char)*at);
	}
	*out = '\0';
}

/*
 * The time, to the microsecond; the process; a random number, for processes are short-lived and two
 * hosts or two containers may share a name; how many names this process has made.
 * The microseconds have all their digits, so that names sort by time in other programs, too.
 */
void maildir_name_make(char out[static NAME_MAX + 1])
{
	static _Atomic unsigned made;
	char host[4 * HOST_MAX + 1];
	struct timespec now;
	uint32_t dice;

	clock_gettime(CLOCK_REALTIME, &now);
	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		dice = (uint32_t)now.tv_nsec;
	put_host(host);
	snprintf(out, NAME_MAX + 1, "%lld.M%06ldP%ldQ%uR%08x.%.80s", (long long)now.tv_sec,
		now.tv_nsec / 1000, (long)getpid(), ++made, dice, host);
}

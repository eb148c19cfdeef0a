/*
 * tls_server - the server's side of tls.h: files read, and parsed once TLS begins.
 *
 * Nothing is parsed before that: a session that never sees STARTTLS pays for reading the files
 * alone. The keys' bytes are overwritten as soon as GnuTLS has them.
 */
#include "io/tls_server.h"

#include "io/tls_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files of all pairs: those of the setup, and what the service manager passes instead. */
struct wanted {
	struct tls_pair pairs[TLS_PAIRS_MAX];
	size_t count;
	char credentials[2][PATH_MAX]; /* certificate and key */
};

/*
 * A credential that was passed. Blank ones don't count: that is how a unit can allow for one that
 * may not be there (LoadCredential= of a file that does not exist fails the start, unless there is
 * a SetCredential=, which takes a line end, but nothing shorter).
 */
static bool find_credential(const char *name, char path[static PATH_MAX])
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	struct stat st;

	if (!directory || !directory[0] ||
		snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		return false;
	return stat(path, &st) == 0 && st.st_size > 1;
}

/* Either is enough: that the other is missing then is an error, not a reason to go on without. */
static bool find_credentials(struct wanted *wanted)
{
	bool has_certificate = find_credential("tls.crt", wanted->credentials[0]);
	bool has_key = find_credential("tls.key", wanted->credentials[1]);

	return has_certificate || has_key;
}

static int list_wanted(const struct tls_setup *setup, struct wanted *wanted, struct why *why)
{
	const struct tls_pair *from = setup->pairs;
	size_t left = setup->count;

	wanted->count = 0;
	if (find_credentials(wanted)) {
		struct tls_pair passed = {"", wanted->credentials[0], wanted->credentials[1]};

		wanted->pairs[wanted->count++] = passed;
		if (left > 0 && (!from->name || !from->name[0])) {
			from++;
			left--;
		}
	}
	if (left > TLS_PAIRS_MAX - wanted->count)
		return why_set(why, E2BIG, WHY_TEMP, "4.7.0", "[tls]: more than %d certificates",
			TLS_PAIRS_MAX);
	for (; left > 0; left--)
		wanted->pairs[wanted->count++] = *from++;
	return 0;
}

static int read_pair(struct tls_server_pair *pair, const struct tls_pair *from, struct why *why)
{
	int err;

	if (snprintf(pair->name, sizeof(pair->name), "%s", from->name ? from->name : "") >=
		(int)sizeof(pair->name))
		return why_set(why, ENAMETOOLONG, WHY_TEMP, "4.7.0", "[tls]: a name is too long");
	err = tls_file_read(&pair->certificate, from->certificate, TLS_FILE_CERTIFICATE, why);
	if (err < 0)
		return err;
	return tls_file_read(&pair->key, from->key, TLS_FILE_KEY, why);
}

static int set_priorities(struct tls_server *server, const char *text, struct why *why)
{
	if (snprintf(server->priorities, sizeof(server->priorities), "%s", text ? text : "") >=
		(int)sizeof(server->priorities))
		return why_set(why, ENAMETOOLONG, WHY_TEMP, "4.7.0", "[tls] priorities: too long");
	return 0;
}

static int read_pairs(struct tls_server *server, const struct wanted *wanted, struct why *why)
{
	int err = 0;

	server->pairs = calloc(wanted->count, sizeof(*server->pairs));
	if (!server->pairs)
		return why_errno(why, ENOMEM, "TLS", "read certificates");
	server->count = wanted->count;
	for (size_t i = 0; !err && i < wanted->count; i++)
		err = read_pair(&server->pairs[i], &wanted->pairs[i], why);
	return err;
}

int tls_server_new(const struct tls_setup *setup, struct tls_server **out, struct why *why)
{
	struct wanted wanted;
	struct tls_server *server;
	int err = list_wanted(setup, &wanted, why);

	if (err < 0)
		return err;
	if (wanted.count == 0) {
		memset(why, 0, sizeof(*why));
		return -ENOENT;
	}
	server = calloc(1, sizeof(*server));
	if (!server)
		return why_errno(why, ENOMEM, "TLS", "read certificates");
	err = set_priorities(server, setup->priorities, why);
	if (!err)
		err = read_pairs(server, &wanted, why);
	if (err < 0) {
		tls_server_free(&server);
		return err;
	}
	tls_load_find(server->module_path);
	*out = server;
	return 0;
}

const char *tls_module_path(const struct tls_server *server)
{
	return server->module_path;
}

const char *tls_server_note(const struct tls_server *server)
{
	return server->note;
}

static struct tls_bytes bytes_of(const struct tls_file *file)
{
	return (struct tls_bytes){.path = file->path, .at = file->at, .len = file->len};
}

static int make_engine(struct tls_server *server, struct why *why)
{
	struct tls_source sources[TLS_PAIRS_MAX];

	for (size_t i = 0; i < server->count; i++) {
		const struct tls_server_pair *pair = &server->pairs[i];

		sources[i] = (struct tls_source){.name = pair->name,
			.certificate = bytes_of(&pair->certificate),
			.key = bytes_of(&pair->key)};
	}
	return server->module->engine_new(
		sources, server->count, server->priorities, &server->engine, server->note, why);
}

static void wipe(struct tls_server *server)
{
	for (size_t i = 0; i < server->count; i++) {
		tls_file_wipe(&server->pairs[i].certificate);
		tls_file_wipe(&server->pairs[i].key);
	}
}

int tls_server_load(struct tls_server *server, struct why *why)
{
	int err;

	if (server->engine)
		return 0;
	if (!server->module)
		server->module = tls_load(server->module_path, why);
	if (!server->module)
		return -ENOENT;
	err = make_engine(server, why);
	if (!err)
		wipe(server);
	return err;
}

bool tls_server_is_stale(const struct tls_server *server, const struct tls_setup *setup)
{
	struct wanted wanted;
	struct why why;

	if (list_wanted(setup, &wanted, &why) < 0 || wanted.count != server->count ||
		strcmp(server->priorities, setup->priorities ? setup->priorities : "") != 0)
		return true;
	for (size_t i = 0; i < wanted.count; i++) {
		const struct tls_server_pair *pair = &server->pairs[i];
		const struct tls_pair *want = &wanted.pairs[i];

		if (strcmp(pair->name, want->name ? want->name : "") != 0 ||
			tls_file_is_stale(&pair->certificate, want->certificate) ||
			tls_file_is_stale(&pair->key, want->key))
			return true;
	}
	return false;
}

void tls_server_free(struct tls_server **server)
{
	struct tls_server *old = *server;

	*server = NULL;
	if (!old)
		return;
	if (old->engine)
		old->module->engine_free(&old->engine);
	wipe(old);
	free(old->pairs);
	free(old);
}

/*
 * tls_load - see tls_load.h.
 *
 * It is called in the jail, between jail_enter() and jail_seal(). What GnuTLS 3.7.9 and what it is
 * linked with do to the system then: open(2) the module, /etc/ld.so.cache and shared libraries,
 * read-only; map them; ask for random octets. Nothing else is opened: no configuration (GnuTLS's
 * own is turned off below, p11-kit's is only read for keys on tokens), no locale, no time zone,
 * neither /proc nor /dev. (As Fedora builds it, it asks for /proc/sys/crypto/fips_enabled and
 * /etc/system-fips, and takes a refusal for a no.)
 *
 * Afterwards: recvfrom(2), sendto(2), on pipes read(2), write(2); poll(2), getrandom(2), memory,
 * futex(2) to wake.
 */
#include "io/tls_load.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beside this program (a build or unpacked tree), else where `make install` puts it. The real path,
 * since that is what Landlock goes by. */
void tls_load_find(char path[static PATH_MAX])
{
	char beside[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", beside, PATH_MAX - sizeof(TLS_MODULE_FILE) - 1);
	char *slash = NULL;

	if (len > 0) {
		beside[len] = '\0';
		slash = strrchr(beside, '/');
	}
	if (slash) {
		memcpy(slash + 1, TLS_MODULE_FILE, sizeof(TLS_MODULE_FILE));
		if (realpath(beside, path))
			return;
	}
	if (!realpath(PILLARBOX_LIBEXECDIR "/" TLS_MODULE_FILE, path))
		snprintf(path, PATH_MAX, "%s", PILLARBOX_LIBEXECDIR "/" TLS_MODULE_FILE);
}

/* GnuTLS is told what to do by the configuration alone. Its own files and debugging aids would be
 * opened in the jail, where that fails or kills, and its log goes to stderr, which may be the peer.
 */
static void clean_environment(void)
{
	(void)setenv("GNUTLS_SYSTEM_PRIORITY_FILE", "", 1);
	(void)unsetenv("GNUTLS_DEBUG_LEVEL");
	(void)unsetenv("SSLKEYLOGFILE");
}

const struct tls_module *tls_load(const char *path, struct why *why)
{
	const struct tls_module *module;
	void *handle;

	clean_environment();
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!handle) {
		why_set(why, ENOENT, WHY_TEMP, "4.7.0", "load TLS: %s", dlerror());
		return NULL;
	}
	module = dlsym(handle, TLS_MODULE_SYMBOL);
	if (module && module->version == TLS_MODULE_VERSION &&
		module->why_size == sizeof(struct why))
		return module;
	why_set(why, ENOEXEC, WHY_TEMP, "4.7.0", "%s: belongs to another release of Pillarbox",
		path);
	return NULL;
}

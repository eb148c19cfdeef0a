/*
 * conf - the configuration: an INI file, each key optional, each mistake an error with file and
 * line.
 *
 * Keys, defaults and meanings are rows of the table in conf_keys.c; pillarbox.conf(5) says the
 * same. The file is the administrator's and trusted, yet checked: an unknown key or a bad value is
 * never ignored. Defaults depend on who runs the program: root and the system's own users get the
 * system's folders, an ordinary user (see conf_is_ordinary()) folders of $XDG_STATE_HOME/pillarbox.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/why.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_FILE      "/etc/pillarbox/pillarbox.conf"
#define CONF_NAME_MAX  256 /* a domain, user or service name with its NUL */
#define CONF_MAX_NAMES 64  /* domains */
#define CONF_MAX_PAIRS 16  /* certificates */

enum conf_source {
	CONF_SOURCE_SYSTEM, /* NSS and PAM */
	CONF_SOURCE_FILE,   /* [accounts] file */
	CONF_SOURCE_SELF,   /* the user who runs the program, alone */
};

enum conf_plaintext { CONF_PLAINTEXT_NEVER, CONF_PLAINTEXT_LOCAL, CONF_PLAINTEXT_ALWAYS };

enum conf_uidl { CONF_UIDL_HASH, CONF_UIDL_POPA3D, CONF_UIDL_DOVECOT, CONF_UIDL_X_UIDL };

struct conf_limits {
	uint64_t command_seconds; /* SMTP, between commands */
	uint64_t login_seconds;   /* POP3, before log-in */
	uint64_t idle_seconds;    /* POP3, after log-in (RFC 1939: at least 600) */
	uint64_t session_seconds; /* a whole session */
	uint64_t errors;          /* error replies, then goodbye */
	uint64_t logins;          /* failed log-ins, then goodbye */
	uint64_t transactions;    /* messages in one SMTP session */
	uint64_t junk_commands;   /* commands that bring no message nearer, since the last one */
	uint64_t received;        /* Received: fields in one message */
	uint64_t data_rate;  /* octets per second that DATA must reach after its first minute */
	uint64_t per_source; /* sessions at once from one address (IPv6: one /64), when listening */
	uint64_t connections;  /* sessions at once, when listening */
	uint64_t listen_idle;  /* seconds without any session, then a listener exits */
	uint64_t lock_seconds; /* how long a delivery waits for a locked mailbox */
};

/* [tls] or [tls "name"]: a certificate with its chain, and its key; both are PEM files. */
struct conf_tls_pair {
	const char *name; /* lower case; "" for [tls] */
	const char *certificate;
	const char *key;
};

/* No text is NULL; they live until conf_done() or the next conf_load(). */
struct conf {
	const char *hostname; /* lower case */
	const char *user;     /* [server] user: who sessions become when root starts them */
	const char *domains[CONF_MAX_NAMES]; /* lower case */
	size_t domain_count;

	enum conf_source source;
	const char *accounts_file;
	const char *owner; /* empty: the agent's own user */
	const char *pam_service;
	char delimiter; /* '\0': none */
	const char *aliases;

	const char *mailbox; /* "mbox:/var/mail/%u", "maildir:%h/Maildir" */
	const char *cache;
	const char *state;
	const char *queue;
	const char *agent_socket;

	struct conf_tls_pair *tls;  /* tls_count of them, on the heap; the one of [tls] is first */
	size_t tls_count;           /* 0: TLS off */
	const char *tls_priorities; /* GnuTLS's priority string; empty: the program's own */
	const char *tls_tickets;    /* the file with the session tickets' keys; empty: none */

	enum conf_plaintext plaintext;
	uint64_t failure_delay_ms; /* [auth] failure_delay: each failed log-in takes at least so
				      long */
	const char *failures;      /* [auth] failures: the table of failed log-ins; empty: none */
	uint64_t source_failures;  /* this many that are not forgotten yet, then a source waits */
	uint64_t user_failures;    /* the same for a user */
	uint64_t forget_seconds;   /* one failure is forgotten in each so many seconds */
	uint64_t max_message_size; /* octets */
	uint64_t max_recipients;
	enum conf_uidl uidl;
	struct conf_limits limits;

	char **texts; /* what conf_done() releases: text_count of them */
	size_t text_count;
};

/*
 * Fill *conf (all zero, or filled before) from path; NULL means CONF_FILE, which alone may be
 * missing (all defaults then). -EINVAL and a reason that names file and line where the file is
 * wrong; -errno where it can't be read.
 */
int conf_load(struct conf *conf, const char *path, struct why *why);

/* Set one key as a line of the file would: in the section that it would stand in, "tls" or
 * "tls \"name\"" for instance. 0, or -errno with what is wrong with it. For the tests, which need
 * no file then. */
int conf_set(struct conf *conf, const char *section, const char *name, const char *value,
	struct why *why);

/* Release what conf_load() allocated; *conf can be filled again. */
void conf_done(struct conf *conf);

/* Is mail for this domain (any case, not NUL-terminated) delivered here? */
bool conf_is_local_domain(const struct conf *conf, const char *domain, size_t len);

/* Is this process run by an ordinary user: neither root nor a system user (uid below 1000)? */
bool conf_is_ordinary(void);

#endif

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

enum conf_source {
	CONF_SOURCE_SYSTEM, /* NSS and PAM */
	CONF_SOURCE_FILE,   /* [accounts] file */
	CONF_SOURCE_SELF,   /* the user who runs the program, alone */
};

enum conf_plaintext { CONF_PLAINTEXT_NEVER, CONF_PLAINTEXT_LOCAL, CONF_PLAINTEXT_ALWAYS };

enum conf_uidl { CONF_UIDL_HASH };

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

struct conf {
	char hostname[CONF_NAME_MAX]; /* lower case */
	char user[CONF_NAME_MAX];     /* [server] user: who sessions become when root starts them */
	char domains[CONF_MAX_NAMES][CONF_NAME_MAX]; /* lower case */
	size_t domain_count;

	enum conf_source source;
	char accounts_file[PATH_MAX];
	char owner[CONF_NAME_MAX]; /* empty: the agent's own user */
	char pam_service[CONF_NAME_MAX];
	char delimiter; /* '\0': none */
	char aliases[PATH_MAX];

	char mailbox[PATH_MAX]; /* "mbox:/var/mail/%u" */
	char cache[PATH_MAX];
	char state[PATH_MAX];
	char queue[PATH_MAX];
	char agent_socket[PATH_MAX];
	char tls_certificate[PATH_MAX]; /* empty: TLS off */
	char tls_key[PATH_MAX];

	enum conf_plaintext plaintext;
	uint64_t failure_delay_ms; /* [auth] failure_delay: each failed log-in takes at least so
				      long */
	uint64_t max_message_size; /* octets */
	uint64_t max_recipients;
	enum conf_uidl uidl;
	struct conf_limits limits;
};

/*
 * Fill *conf from path; NULL means CONF_FILE, which alone may be missing (all defaults then).
 * -EINVAL and a reason that names file and line where the file is wrong; -errno where it can't be
 * read.
 */
int conf_load(struct conf *conf, const char *path, struct why *why);

/* Is mail for this domain (any case, not NUL-terminated) delivered here? */
bool conf_is_local_domain(const struct conf *conf, const char *domain, size_t len);

/* Is this process run by an ordinary user: neither root nor a system user (uid below 1000)? */
bool conf_is_ordinary(void);

#endif

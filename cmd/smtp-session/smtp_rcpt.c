/*
 * smtp_rcpt - RCPT: who is to have it (RFC 5321 4.1.1.3).
 *
 * Only mail for our own domains is taken. Addresses that try to be routed on from here (the percent
 * hack, bang paths, an address in a quoted local part: research of thirty years' open relays) are
 * refused before anybody is asked; a source route is dropped, and what is left is judged like any
 * other (RFC 5321 appendix C).
 */
#include "smtp_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 5321 4.1.3: the literal of the address that the peer has connected to means this host. */
static bool is_own_literal(const struct smtp_session *session, const struct path *path)
{
	char own[PEER_ADDRESS_SIZE + 8];
	bool six = strchr(session->link.peer.server, ':') != NULL;

	if (!*session->link.peer.server)
		return false;
	snprintf(own, sizeof(own), "[%s%s]", six ? "IPv6:" : "", session->link.peer.server);
	return strcasecmp(own, path->domain) == 0;
}

/* Is this ours? Makes every local form end in a domain that the agent knows. */
static bool localise(const struct smtp_session *session, struct path *path)
{
	if (conf_is_local_domain(session->link.conf, path->domain, strlen(path->domain)))
		return true;
	if (*path->domain && !(path->literal && is_own_literal(session, path)))
		return false;
	/* <postmaster>, or a literal: any of our domains does */
	snprintf(path->domain, sizeof(path->domain), "%s", session->link.conf->domains[0]);
	path->literal = false;
	return true;
}

static bool is_known(const struct smtp_transaction *transaction, const char *address)
{
	for (size_t i = 0; i < transaction->count; i++) {
		if (strcmp(transaction->recipients[i], address) == 0)
			return true;
	}
	return false;
}

static bool keep(struct smtp_transaction *transaction, const char *address)
{
	char *copy;

	if (transaction->count == transaction->room) {
		size_t room = transaction->room ? transaction->room * 2 : 8;
		char **more = reallocarray(transaction->recipients, room, sizeof(*more));

		if (!more)
			return false;
		transaction->recipients = more;
		transaction->room = room;
	}
	copy = strdup(address);
	if (!copy)
		return false;
	transaction->recipients[transaction->count++] = copy;
	return true;
}

static void accept_recipient(struct smtp_session *session, const struct path *path)
{
	char address[PATH_TEXT_SIZE];
	struct why why;

	bool known;

	path_format(path, address);
	known = is_known(&session->transaction, address);
	if (!known && agent_lookup(&session->link.agent, address, &why) < 0) {
		smtp_say_why(session, &why);
		return;
	}
	/* Said twice, delivered once; but LMTP owes a reply for each time (RFC 2033 4.2). */
	if ((!known || smtp_is_lmtp(session)) && !keep(&session->transaction, address)) {
		smtp_say(session, 451, "4.3.0", "Out of memory");
		return;
	}
	session->transaction.asked++;
	session->state = SMTP_RECIPIENTS;
	smtp_say(session, 250, "2.1.5", "Recipient ok");
}

int smtp_rcpt(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;
	struct path path;
	size_t at = smtp_skip_keyword(argument, len, "TO:");
	size_t used;
	int err;

	if (at == 0) {
		smtp_say(session, 501, "5.5.4", "Syntax: RCPT TO:<forward-path>");
		return SMTP_GO_ON;
	}
	snprintf(session->subject, sizeof(session->subject), "%.*s",
		(int)(len - at < 200 ? len - at : 200), argument + at);
	err = path_parse(argument + at, len - at, &path, &used);
	if (err < 0 || path.null)
		smtp_say_path_error(session, err, "3"); /* 5.1.3: bad recipient's address */
	else if (at + used < len && strspn(argument + at + used, " ") < len - at - used)
		smtp_say(session, 555, "5.5.4", "RCPT takes no parameters"); /* 4.1.1.11 */
	else if (strpbrk(path.local, "%!@") || !localise(session, &path))
		smtp_say(session, 550, "5.7.1", "Mail for that address is not taken here");
	else if (session->transaction.asked >= session->link.conf->max_recipients)
		smtp_say(session, 452, "4.5.3", "Too many recipients"); /* 4.5.3.1.10 */
	else
		accept_recipient(session, &path);
	return SMTP_GO_ON;
}

/*
 * agent_spool_helper - what the monitor does with root's rights for the owner of one mailbox, in a
 * folder such as /var/mail (2775 root:mail) where the owner may not make files: its dotlock, and
 * the mailbox itself, an mbox or the folder that becomes a Maildir.
 */
#ifndef AGENT_AGENT_SPOOL_HELPER_H
#define AGENT_AGENT_SPOOL_HELPER_H

#include "account/account.h"

struct agent_spool_helper {
	const struct account *account;
	int folder; /* open while the dotlock is held; else -1 */
};

void agent_spool_helper_init(struct agent_spool_helper *helper, const struct account *account);

/* Remove a dotlock that its user left behind. */
void agent_spool_helper_done(struct agent_spool_helper *helper);

/* As struct spool_helper (spool/spool.h) says. -EACCES: this folder is not one where we help. */
int agent_spool_helper_take(struct agent_spool_helper *helper);
int agent_spool_helper_release(struct agent_spool_helper *helper);
int agent_spool_helper_create(struct agent_spool_helper *helper);

#endif

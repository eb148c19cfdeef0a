/* spoolctl_verbs - all that spoolctl can do. Dispatch and --help come from here, and the tests hold
 * the manual page and the completion against it. */
#include "spoolctl.h"

const struct spoolctl_verb spoolctl_verbs[] = {
	{"list", SPOOLCTL_OPENS, spoolctl_list, "list [MAILBOX]...", "the messages, one a line"},
	{"show", SPOOLCTL_OPENS | SPOOLCTL_NUMBER, spoolctl_show, "show [MAILBOX] N",
		"message N, octet for octet"},
	{"stat", 0, spoolctl_stat, "stat [MAILBOX]...", "size, padding, index and locks"},
	{"uidl", SPOOLCTL_OPENS, spoolctl_uidl, "uidl [MAILBOX]...",
		"the unique ids in each format"},
	{"check", SPOOLCTL_REPAIRS, spoolctl_check, "check [MAILBOX]...",
		"what is damaged or suspicious"},
	{"convert", SPOOLCTL_OPENS | SPOOLCTL_CONVERTS, spoolctl_convert, "convert [MAILBOX]...",
		"bring mailboxes into others: mbox, Maildir"},
	{0},
};

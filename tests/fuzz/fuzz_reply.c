/*
 * What comes back over the agent's sockets, read by those who should not trust it too far: a
 * session, the agent's replies (agent/agent_client.h); the monitor, what a user's child says
 * (agent/agent_pair.h), which is that user and perhaps hostile.
 *
 * Texts end, tables are as large as is said of them, fds are there; the monitor tells the log lines
 * and does for the one mailbox what it is asked.
 */
#include "agent/agent_child.h"
#include "agent/agent_client.h"
#include "agent/agent_wire.h"
#include "base/fd.h"
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fuzz *input;
static unsigned asked; /* op of the latest request */

FAKE(agent_wire_send);
int __wrap_agent_wire_send(int socket, const void *data, size_t len, int fd)
{
	uint32_t op;

	(void)socket;
	(void)fd;
	must(len >= sizeof(op));
	memcpy(&op, data, sizeof(op));
	asked = op;
	return fuzz_octet(input) == 255 ? -EPIPE : 0;
}

/* A file in memory of so many octets, perhaps sealed. */
static int make_fd(void)
{
	unsigned kind = fuzz_octet(input);
	size_t len = fuzz_octet(input) * (kind & 4 ? 1 : sizeof(struct agent_entry));
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd;

	if (kind & 1)
		return -1;
	fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	must(fd >= 0 && ftruncate(fd, (off_t)len) == 0);
	if (!(kind & 2))
		must(fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

/* Any octets; with the right op in front of them unless chance has it otherwise. */
FAKE(agent_wire_receive);
int __wrap_agent_wire_receive(int socket, void *data, size_t len, int *fd)
{
	unsigned kind = fuzz_octet(input);
	size_t part = input->len < len ? input->len : len;
	uint32_t op = asked;

	(void)socket;
	*fd = -1;
	if (kind == 255 || input->len == 0)
		return kind & 1 ? -EPIPE : -EPROTO;
	memset(data, 0, len);
	memcpy(data, input->at, part);
	input->at += part;
	input->len -= part;
	if (kind & 1)
		memcpy(data, &op, sizeof(op));
	*fd = kind & 2 ? make_fd() : -1;
	return 0;
}

static void check_why(const struct why *why, int err)
{
	must(err <= 0);
	if (err == 0)
		return;
	must(memchr(why->status, 0, sizeof(why->status)));
	must(memchr(why->text, 0, sizeof(why->text)));
}

static void check_maildrop(struct agent *agent)
{
	struct agent_maildrop drop = {0};
	struct why why = {0};
	int err = agent_open_maildrop(agent, &drop, &why);
	size_t count = drop.count;
	volatile uint64_t octets = 0; /* so that each is read */

	check_why(&why, err);
	must(!drop.entries);
	if (err == 0) {
		err = agent_list_maildrop(agent, &drop, &why);
		check_why(&why, err);
		must(drop.count == count);
	}
	if (err == 0) {
		must((drop.count == 0) == (drop.entries == NULL));
		for (size_t i = 0; i < drop.count; i++)
			octets = octets + drop.entries[i].octets +
				 (unsigned char)drop.entries[i].uidl[0];
	}
	agent_maildrop_done(&drop);
}

static void check_session(void)
{
	struct agent agent = {.fd = -1, .session = "id", .remote = "192.0.2.2"};
	const struct agent_login login = {"pop3", "user", "password"};
	unsigned char key[AGENT_TICKET_SIZE];
	struct agent_run run;
	struct why why = {0};
	int fd;
	int err;

	check_why(&why, agent_lookup(&agent, "a@b", &why));
	err = agent_stage(&agent, &fd, &why);
	check_why(&why, err);
	must(err < 0 || fd >= 0);
	if (err == 0)
		close(fd);
	check_why(&why, agent_deliver(&agent, "a@b", "c@d", "q", &why));
	check_why(&why, agent_login(&agent, &login, &why));
	check_why(&why, agent_ticket_key(&agent, "smtp", key, &why));
	check_maildrop(&agent);
	err = agent_fetch(&agent, 1, &run, &why);
	check_why(&why, err);
	must(err < 0 || (run.fd >= 0 && run.form <= AGENT_FORM_MBOXRD && run.first == 1));
	must(err < 0 || (run.count > 0 && run.count <= sizeof(run.at) / sizeof(*run.at)));
	if (err == 0)
		close(run.fd);
	check_why(&why, agent_update(&agent, (const unsigned char *)"\1", 8, &why));
}

/* What the monitor does with rights, for the one mailbox that it knows. */
FAKE(agent_spool_helper_take);
int __wrap_agent_spool_helper_take(struct agent_spool_helper *helper)
{
	must(helper->account != NULL);
	return fuzz_octet(input) & 1 ? -EEXIST : 0;
}

FAKE(agent_spool_helper_release);
int __wrap_agent_spool_helper_release(struct agent_spool_helper *helper)
{
	must(helper->account != NULL);
	return 0;
}

FAKE(agent_spool_helper_create);
int __wrap_agent_spool_helper_create(struct agent_spool_helper *helper)
{
	must(helper->account != NULL);
	return fuzz_octet(input) & 1 ? -EACCES : 0;
}

static void take_report(void *listener, const struct agent_pair_msg *msg)
{
	(void)listener;
	must(memchr(msg->why.status, 0, sizeof(msg->why.status)));
	must(memchr(msg->why.text, 0, sizeof(msg->why.text)));
	must(fuzz_is_printable(msg->why.status, strlen(msg->why.status), false));
	must(fuzz_is_printable(msg->why.text, strlen(msg->why.text), false));
}

static void take_note(void *listener, const char *text)
{
	(void)listener;
	must(fuzz_is_printable(text, strlen(text), false));
}

static void take_end(void *listener, const char *reason)
{
	(void)listener;
	(void)reason;
}

static void check_monitor(void)
{
	static const struct conf conf = {.limits = {.session_seconds = 7200}};
	const struct account account = {.name = "a", .location = "mbox:/nowhere/a"};
	const struct agent_child_plan plan = {.conf = &conf,
		.account = &account,
		.session = -1,
		.deadline_ms = INT64_MAX / 2,
		.report = take_report,
		.note = take_note,
		.killed = take_end};
	/* A pair that always has something to say. */
	struct agent_child child = {
		.pid = INT_MAX, .pair = open("/dev/null", O_RDONLY | O_CLOEXEC), .plan = &plan};

	must(child.pair >= 0);

	agent_spool_helper_init(&child.helper, &account);
	agent_child_serve(&child);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz;

	fuzz_init(&fuzz, data, size);
	input = &fuzz;
	if (fuzz_octet(&fuzz) & 1)
		check_monitor();
	else
		check_session();
	return 0;
}

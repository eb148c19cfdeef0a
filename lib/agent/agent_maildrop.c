/*
 * agent_maildrop - see agent_maildrop.h.
 *
 * A session gets the list of messages as memory that nobody can change any more, and messages as a
 * read-only fd (of the whole mailbox, where that is one file) and where in it they lie; what it
 * sends are marks, which are looked at before anything is done. The mailbox is unlocked before the
 * reply that says so. A connection that just ends removes nothing.
 *
 * It has no more rights than its user. System calls: memfd_create, write, fcntl (F_ADD_SEALS,
 * F_GETFL), fstat, pread, close; those of agent_dispatch.c and libspool.
 */
#include "agent/agent_maildrop.h"

#include "agent/agent_dispatch.h"
#include "agent/agent_pair.h"
#include "base/fd.h"
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum state { STATE_CLOSED = 1, STATE_OPEN = 2, STATE_LISTED = 4 };

#define OPENED (STATE_OPEN | STATE_LISTED)

struct maildrop {
	struct agent_connection connection;
	const struct spool_place *place;
	struct spool *spool;
	unsigned char *marks; /* what UPDATE is to remove */
	size_t next;          /* the message that who reads one after the other asks for */
	int pair;
};

_Static_assert(sizeof(((struct agent_entry *)0)->uidl) >= SPOOL_UIDL_SIZE, "a UIDL fits");

static int write_entries(int fd, const struct spool *spool)
{
	size_t count = spool_count(spool);
	struct agent_entry *entries = calloc(count ? count : 1, sizeof(*entries));
	int err;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct spool_message *message = spool_message(spool, i);

		entries[i].octets = message->octets;
		memcpy(entries[i].uidl, message->uidl, sizeof(message->uidl));
	}
	err = fd_write(fd, entries, count * sizeof(*entries));
	free(entries);
	return err;
}

/* The table as a file in memory that can no longer be written to, shrunk or grown. */
static int make_table(const struct spool *spool, int *out)
{
	int fd = memfd_create("maildrop", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = write_entries(fd, spool);
	if (err == 0 && fcntl(fd, F_ADD_SEALS,
				F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		err = -errno;
	if (err < 0)
		fd_close(&fd);
	else
		*out = fd;
	return err;
}

static int open_maildrop(struct maildrop *drop, struct agent_reply *reply)
{
	int err = spool_open(&drop->spool, drop->place, &reply->why);

	if (err < 0)
		return err;
	drop->marks = calloc(1, spool_count(drop->spool) / 8 + 1);
	if (!drop->marks)
		err = -ENOMEM;
	else if (spool_count(drop->spool) > UINT32_MAX)
		err = -EOVERFLOW;
	if (err < 0) {
		spool_close(&drop->spool);
		return why_errno(&reply->why, -err, "the maildrop", "open");
	}
	reply->count = (uint32_t)spool_count(drop->spool);
	reply->octets = spool_octets(drop->spool);
	return 0;
}

static enum agent_then handle_open(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct maildrop *drop = context;

	(void)request;
	(void)fds;
	reply->error = open_maildrop(drop, reply);
	(void)agent_pair_report(drop->pair, AGENT_OPEN, reply->count, reply->error, &reply->why);
	if (reply->error == 0)
		drop->connection.state = STATE_OPEN;
	return reply->error == 0 ? AGENT_THEN_REPLY : AGENT_THEN_REPLY_END;
}

static enum agent_then handle_list(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct maildrop *drop = context;

	(void)request;
	reply->error = make_table(drop->spool, &fds->out);
	if (reply->error < 0)
		why_errno(&reply->why, -reply->error, "the maildrop's table", "make");
	else
		drop->connection.state = STATE_LISTED; /* each table is memory */
	return AGENT_THEN_REPLY;
}

static struct agent_range range_of(const struct spool_extent *extent)
{
	return (struct agent_range){
		.offset = extent->offset, .length = extent->length, .octets = extent->octets};
}

/* count extents of one file. */
static void tell(struct agent_reply *reply, const struct spool_extent *extents, size_t count)
{
	const struct spool_stamp *stamp = &extents[0].stamp;

	reply->form = extents[0].form == SPOOL_FORM_MBOXRD ? AGENT_FORM_MBOXRD : AGENT_FORM_PLAIN;
	reply->stamp = (struct agent_stamp){.inode = stamp->inode,
		.size = stamp->size,
		.mtime_ns = stamp->mtime_ns,
		.ctime_ns = stamp->ctime_ns};
	reply->range = range_of(&extents[0]);
	for (size_t n = 1; n < count; n++)
		reply->next[n - 1] = range_of(&extents[n]);
	reply->count = (uint32_t)(count - 1);
}

/* To who reads one message after the other it is told at once where the next ones lie. Others would
 * not ask for them, and each may take a look at the file. */
static int fetch(
	struct maildrop *drop, uint32_t number, struct agent_reply *reply, struct agent_fds *fds)
{
	struct spool_extent extents[1 + AGENT_NEXT_MAX];
	size_t max = number == drop->next ? 1 + AGENT_NEXT_MAX : 1;
	size_t count;
	int err;

	if (number == 0 || number > spool_count(drop->spool))
		return why_set(&reply->why, EINVAL, WHY_PERM, "5.5.4", "no such message");
	err = spool_fetch_run(drop->spool, number - 1, extents, max, &count, &reply->why);
	if (err < 0)
		return err;
	fds->out = extents[0].fd;
	if ((fcntl(fds->out, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return why_set(
			&reply->why, EPERM, WHY_TEMP, "4.3.0", "the message is not read-only");
	tell(reply, extents, count);
	drop->next = number + count;
	return 0;
}

static enum agent_then handle_fetch(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	reply->error = fetch(context, request->number, reply, fds);
	if (reply->error < 0)
		fd_close(&fds->out);
	return AGENT_THEN_REPLY;
}

static int malformed(struct why *why)
{
	return why_set(why, EINVAL, WHY_PERM, "5.5.4", "a malformed list of messages to remove");
}

static bool is_zero(const unsigned char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (octets[i])
			return false;
	}
	return true;
}

static int mark(struct maildrop *drop, const struct agent_request *request, struct why *why)
{
	size_t count = spool_count(drop->spool);
	size_t first = (size_t)request->number - 1;
	size_t len = (count + 7) / 8 - first / 8;

	if (request->number == 0 || first >= count || first % 8)
		return malformed(why);
	if (len > AGENT_MARKS_SIZE)
		len = AGENT_MARKS_SIZE;
	else if ((count % 8 && request->marks[len - 1] >> count % 8) ||
		 !is_zero(request->marks + len, AGENT_MARKS_SIZE - len))
		return malformed(why);
	memcpy(drop->marks + first / 8, request->marks, len);
	return 0;
}

static enum agent_then handle_mark(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct maildrop *drop = context;

	(void)fds;
	reply->error = mark(drop, request, &reply->why);
	if (reply->error == 0)
		return AGENT_THEN_REPLY;
	(void)agent_pair_report(drop->pair, AGENT_UPDATE, 0, reply->error, &reply->why);
	return AGENT_THEN_REPLY_END;
}

static uint64_t count_bits(const unsigned char *bitmap, size_t len)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += (unsigned)__builtin_popcount(bitmap[i]);
	return bits;
}

static int update(struct maildrop *drop, const struct agent_request *request, uint64_t *removed,
	struct why *why)
{
	size_t count = spool_count(drop->spool);

	if (request->number != count)
		return malformed(why);
	*removed = count_bits(drop->marks, (count + 7) / 8);
	if (*removed == 0)
		return 0;
	(void)agent_pair_change(drop->pair);
	return spool_update(drop->spool, drop->marks, why);
}

static enum agent_then handle_update(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct maildrop *drop = context;
	uint64_t removed = 0;

	(void)fds;
	reply->error = update(drop, request, &removed, &reply->why);
	spool_close(&drop->spool);
	(void)agent_pair_report(drop->pair, AGENT_UPDATE, removed, reply->error, &reply->why);
	return AGENT_THEN_REPLY_END;
}

static const struct agent_row rows[AGENT_OPS] = {
	[AGENT_OPEN] = {handle_open, STATE_CLOSED},
	[AGENT_LIST] = {handle_list, STATE_OPEN},
	[AGENT_FETCH] = {handle_fetch, OPENED},
	[AGENT_MARK] = {handle_mark, OPENED},
	[AGENT_UPDATE] = {handle_update, OPENED},
};

void agent_maildrop_work(void *context, const struct spool_place *place, int connection, int pair)
{
	const struct agent_maildrop_limits *limits = context;
	struct maildrop drop = {
		.connection = {.fd = connection,
			.companion = pair,
			.state = STATE_CLOSED,
			.requests = UINT64_MAX,
			.deadline_ms = limits->deadline_ms},
		.place = place,
		.next = 1,
		.pair = pair,
	};

	agent_name_get(connection, &drop.connection.peer);
	agent_dispatch(&drop.connection, rows, &drop);
	spool_close(&drop.spool);
	free(drop.marks);
}

/*
 * agent_login - LOGIN: may it be tried, are the credentials right, and how long does the answer
 * take?
 *
 * The table of failed log-ins is asked before the credentials are looked at, and may refuse the
 * attempt or have it wait. Whatever is wrong after that, the answer takes the same least time,
 * counted from the question and the wait, and a little more by chance. The password is wiped here
 * as soon as the checker has its own copy, which ends with the checker.
 *
 * System calls: poll, clock_gettime, getrandom, nanosleep; those of agent_failures.c,
 * agent_checker.c and agent_enter.c.
 */
#include "agent/agent_checker.h"
#include "agent/agent_enter.h"
#include "agent/agent_failures.h"
#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

/* A numeric address, for PAM_RHOST; "" for anything else, such as a pipe. */
static const char *numeric_remote(const char *remote)
{
	if (!isxdigit((unsigned char)*remote) && *remote != ':')
		return "";
	return remote[strspn(remote, "0123456789abcdefABCDEF:.")] == '\0' ? remote : "";
}

static int check(struct agent_monitor *monitor, struct agent_request *request,
	struct account *account, struct why *why)
{
	struct account_credentials credentials = {
		.user = request->recipient,
		.password = request->password,
		.remote = numeric_remote(request->remote),
		.service = request->service,
		.from_pipe = monitor->server->pipe,
	};
	int err = agent_checker_run(monitor->conf, &credentials, monitor->connection.fd, account,
		agent_note, monitor, why);

	explicit_bzero(request->password, sizeof(request->password));
	return err;
}

/* For the log; the client hears less. */
static const char *reason_of(const struct policy_verdict *verdict)
{
	switch (verdict->refused) {
	case POLICY_SOURCE:
		return "too many failed log-ins from this address";
	case POLICY_USER:
		return "too many failed log-ins of this user";
	default:
		return "too many failed log-ins of this user from this address";
	}
}

/* Sleep until clock_us() is `until`, but no longer than somebody waits for the answer. false:
 * nobody does any more. */
static bool sleep_until(const struct agent_monitor *monitor, int64_t until)
{
	for (;;) {
		struct pollfd hangup = {.fd = monitor->connection.fd};
		int64_t left = until - clock_us();

		if (left <= 0)
			return true;
		if (poll(&hangup, 1, (int)(left / 1000) + 1) > 0)
			return false;
	}
}

/* Until the failure has taken as long as all of them do. */
static void hold_back(const struct agent_monitor *monitor, const struct agent_attempt *attempt)
{
	int64_t least_ms = (int64_t)monitor->conf->failure_delay_ms;
	int64_t until = (least_ms + attempt->verdict.delay_ms) * 1000;

	if (sleep_until(monitor, monitor->connection.arrived_us + until) && least_ms > 0)
		clock_sleep_jitter((unsigned)(least_ms * 1000 / 8));
}

static enum agent_then fail(
	struct agent_monitor *monitor, const struct agent_attempt *attempt, const struct why *why)
{
	bool refused = attempt->verdict.refused != 0;
	struct agent_event event = {
		.name = refused ? "login-refused" : "login-failed",
		.bad = why->class != WHY_AUTH && !refused,
		.user = monitor->request->recipient,
		.status = why->status,
		.reason = refused ? reason_of(&attempt->verdict) : why->text,
	};

	hold_back(monitor, attempt);
	event.duration_us = (uint64_t)(clock_us() - monitor->connection.arrived_us);
	agent_tell(monitor, &event);
	monitor->failures++;
	return monitor->failures < monitor->conf->limits.logins ? AGENT_THEN_REPLY
								: AGENT_THEN_REPLY_END;
}

/* Whoever holds this user's pipe needs no password: there is nothing to guess. */
static bool is_counted(const struct agent_monitor *monitor)
{
	return monitor->conf->source != CONF_SOURCE_SELF || !monitor->server->pipe;
}

/* 0: the credentials may be looked at. */
static int admit(struct agent_monitor *monitor, struct agent_attempt *attempt, struct why *why)
{
	int64_t wait_us;

	if (is_counted(monitor))
		agent_failures_begin(attempt);
	if (attempt->verdict.refused)
		return why_set(
			why, EAGAIN, WHY_TEMP, "4.7.0", "too many failed log-ins, try again later");
	if (attempt->crowded)
		return why_set(why, EAGAIN, WHY_TEMP, "4.7.0",
			"too many log-ins at once, try again later");
	wait_us = (int64_t)attempt->verdict.delay_ms * 1000;
	if (wait_us > 0 && !sleep_until(monitor, monitor->connection.arrived_us + wait_us))
		return why_set(why, EPIPE, WHY_TEMP, "4.7.0",
			"the session ended before the log-in was looked at");
	return 0;
}

/* Has the password been compared, and was it wrong? Where nobody knows (the checker crashed, the
 * session hung up) it counts as a failure. */
static bool was_checked_in_vain(const struct why *why, int err)
{
	return why->class == WHY_AUTH || err == -EIO;
}

static int check_counted(struct agent_monitor *monitor, struct agent_attempt *attempt,
	struct account *account, struct why *why)
{
	int err = check(monitor, monitor->request, account, why);

	if (err == 0)
		agent_failures_settle(attempt, POLICY_SUCCESS);
	else if (!was_checked_in_vain(why, err))
		agent_failures_settle(attempt, POLICY_NO_FAILURE);
	return err;
}

enum agent_then agent_login_handle(void *context, struct agent_request *request,
	struct agent_reply *reply, struct agent_fds *fds)
{
	struct agent_monitor *monitor = context;
	const struct agent_service *service = agent_enter_find(request->service);
	char user[ACCOUNT_LOGIN_NAME_SIZE];
	struct agent_attempt attempt = {
		.monitor = monitor, .source = request->remote, .user = user};
	enum agent_then then = AGENT_THEN_REPLY;
	struct account account;

	(void)fds;
	monitor->request = request;
	if (!service)
		return AGENT_THEN_BROKEN;
	account_login_name(monitor->conf, request->recipient, user);
	reply->error = admit(monitor, &attempt, &reply->why);
	if (reply->error == 0)
		reply->error = check_counted(monitor, &attempt, &account, &reply->why);
	if (reply->error == 0)
		reply->error = service->enter(monitor, &account, reply, &then);
	return reply->error < 0 ? fail(monitor, &attempt, &reply->why) : then;
}

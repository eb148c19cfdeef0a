/* log - see log.h. The only globals besides the clock: where lines go, and the fields that all
 * carry. */
#include "base/log.h"

#include "base/fd.h"
#include "base/systemd.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define VALUE_MAX 256 /* a value in a line, with its NUL */
#define LINE_MAX_ 4096

static const char names[LOG_FIELDS][16] = {
	[LOG_END] = "EVENT", /* slot 0 carries the event itself */
	[LOG_SESSION_ID] = "SESSION_ID",
	[LOG_REMOTE_ADDR] = "REMOTE_ADDR",
	[LOG_USER] = "USER",
	[LOG_QUEUE_ID] = "QUEUE_ID",
	[LOG_SENDER] = "SENDER",
	[LOG_RECIPIENT] = "RECIPIENT",
	[LOG_SIZE] = "SIZE",
	[LOG_STATUS] = "STATUS",
	[LOG_TLS] = "TLS",
	[LOG_DURATION_US] = "DURATION_US",
	[LOG_REASON] = "REASON",
};

static struct {
	const char *program;
	enum { TO_STDERR, TO_SYSLOG, TO_JOURNAL } target;
	char context[LOG_FIELDS][VALUE_MAX];
} log_state = {.program = "pillarbox"};

void log_open(const char *program)
{
	struct stat st;
	int passed = sysd_listen_fds();
	bool closed = fd_stat(STDERR_FILENO, &st) < 0;

	fd_fill_standard();
	(void)close_range(SYSD_FIRST_FD + (unsigned)(passed > 0 ? passed : 0), ~0U, 0);
	log_state.program = program;
	log_state.target = TO_STDERR;
	if (closed) {
		log_state.target = TO_SYSLOG;
	} else if (sysd_is_journal(&st) && sysd_open_journal() == 0) {
		log_state.target = TO_JOURNAL;
	} else if (S_ISSOCK(st.st_mode)) {
		log_state.target = TO_SYSLOG;
	}
	if (log_state.target == TO_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void log_context(enum log_field field, const char *value)
{
	snprintf(log_state.context[field], VALUE_MAX, "%s", value ? value : "");
}

/* The value as one printable word: what is not printable ASCII, and what quoting needs, as \xHH. */
static void escape(char out[static VALUE_MAX * 4], const char *value)
{
	bool quote = strpbrk(value, " =\"\\") != NULL;
	char *at = out;
	size_t room = VALUE_MAX;

	if (quote)
		*at++ = '"';
	for (; *value && room > 8; value++) {
		unsigned char c = (unsigned char)*value;
		int n = (c < ' ' || c >= 0x7f || c == '"' || c == '\\') ? sprintf(at, "\\x%02x", c)
									: sprintf(at, "%c", c);

		at += n;
		room -= 1;
	}
	if (quote)
		*at++ = '"';
	*at = '\0';
}

#define JOURNAL_FIELDS 5 /* that only the journal gets */
_Static_assert(LOG_FIELDS + JOURNAL_FIELDS <= SYSD_FIELDS, "an entry has room for all fields");

struct line {
	char text[LINE_MAX_];
	size_t len;
	char fields[LOG_FIELDS][VALUE_MAX * 4 + 32];
	struct iovec iov[LOG_FIELDS + JOURNAL_FIELDS];
	int count;
};

static void add_field(struct line *line, enum log_field field, const char *value)
{
	char escaped[VALUE_MAX * 4];
	int n;

	if (!value || !*value)
		return;
	escape(escaped, value);
	n = snprintf(line->text + line->len, sizeof(line->text) - line->len, "%s%s=%s",
		line->len ? " " : "", names[field], escaped);
	if (n > 0 && (size_t)n < sizeof(line->text) - line->len)
		line->len += (size_t)n;
	n = snprintf(line->fields[line->count], sizeof(line->fields[0]), "%s=%s", names[field],
		escaped[0] == '"' ? value : escaped);
	line->iov[line->count].iov_base = line->fields[line->count];
	line->iov[line->count].iov_len =
		(size_t)n < sizeof(line->fields[0]) ? (size_t)n : sizeof(line->fields[0]) - 1;
	line->count++;
}

/* What syslog(3) would have said of itself is said, too, for those who look for it or forward it.
 */
static void send_to_journal(struct line *line, int priority)
{
	char message[LINE_MAX_ + 64];
	char own[JOURNAL_FIELDS - 1][64];
	int count = 0;

	snprintf(message, sizeof(message), "MESSAGE=%s", line->text);
	line->iov[line->count++] = (struct iovec){message, strlen(message)};
	snprintf(own[count++], sizeof(own[0]), "PRIORITY=%d", priority);
	snprintf(own[count++], sizeof(own[0]), "SYSLOG_FACILITY=%d", LOG_FAC(LOG_MAIL));
	snprintf(own[count++], sizeof(own[0]), "SYSLOG_IDENTIFIER=%s", log_state.program);
	snprintf(own[count++], sizeof(own[0]), "SYSLOG_PID=%d", (int)getpid());
	for (int i = 0; i < count; i++)
		line->iov[line->count++] = (struct iovec){own[i], strlen(own[i])};
	sysd_journal_send(line->iov, line->count);
}

static void send_line(struct line *line, int priority)
{
	char message[LINE_MAX_ + 64];
	int len;

	switch (log_state.target) {
	case TO_JOURNAL:
		send_to_journal(line, priority);
		break;
	case TO_SYSLOG:
		syslog(priority, "%s", line->text);
		break;
	case TO_STDERR:
		len = snprintf(message, sizeof(message), "%s[%d]: %s\n", log_state.program,
			(int)getpid(), line->text);
		if (len > 0) /* in one write, so that the lines of several processes don't mix */
			(void)fd_write(STDERR_FILENO, message,
				(size_t)len < sizeof(message) ? (size_t)len : sizeof(message) - 1);
		break;
	}
}

void log_event(int priority, const char *event, ...)
{
	static struct line line; /* 20 KB: not on the stack; the programs have one thread */
	const char *values[LOG_FIELDS];
	va_list args;

	for (int f = 0; f < LOG_FIELDS; f++)
		values[f] = log_state.context[f];
	values[LOG_END] = event;
	va_start(args, event);
	for (int f = va_arg(args, int); f != LOG_END; f = va_arg(args, int))
		values[f] = va_arg(args, const char *);
	va_end(args);

	line.len = 0;
	line.count = 0;
	for (int f = 0; f < LOG_FIELDS; f++)
		add_field(&line, (enum log_field)f, values[f]);
	send_line(&line, priority);
}
